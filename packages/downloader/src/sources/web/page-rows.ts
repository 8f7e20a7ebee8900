/** A row of a page: a table row, a list item, or a line of preformatted text. */
export interface PageRow {
  /** The `href` of each link, unescaped. */
  readonly links: readonly string[];
  /** The row's text, with a blank in place of each tag. */
  readonly text: string;
}

/** What a listing needs of a page. */
export interface PageRows {
  readonly rows: readonly PageRow[];
  /** `<base href>`, if there is one. */
  readonly base?: string | undefined;
  /** Text of the title and of the first-level headings. */
  readonly heading: string;
  /** Whether an `<html>` element has no end tag. What follows an end tag does not matter. */
  readonly isCut: boolean;
}

/** Elements that begin a new row. */
const ROW_TAGS: ReadonlySet<string> = new Set(['tr', 'li', 'br', 'hr', 'p', 'table', 'ul', 'ol', 'pre']);

/** Splits a page into rows of links and text. Comments, scripts and templates are left out. */
export const parsePageRows = async (html: string): Promise<PageRows> => {
  const { Parser } = await import('htmlparser2');
  const rows: PageRow[] = [];
  let links: string[] = [];
  let text = '';
  let base: string | undefined;
  let heading = '';
  let isCut = false;
  /** How many elements of these kinds are open. */
  const open = { tr: 0, heading: 0, hidden: 0 };

  const endRow = (): void => {
    if (links.length > 0) rows.push({ links, text });
    links = [];
    text = '';
  };
  const count = (name: string, by: 1 | -1): void => {
    if (name === 'tr') open.tr += by;
    else if (name === 'title' || name === 'h1') open.heading += by;
    else if (name === 'script' || name === 'style' || name === 'template') open.hidden += by;
  };

  const parser = new Parser({
    onopentag(name, { href }) {
      count(name, 1);
      if (open.hidden > 0) return;
      if (name === 'html') isCut = true;
      if (ROW_TAGS.has(name)) endRow();
      if (name === 'a' && href !== undefined) links.push(href);
      if (name === 'base') base ??= href;
      text += ' ';
    },
    ontext(data) {
      if (open.hidden > 0) return;
      if (open.heading > 0) heading += data;
      // Cells of a table are often written on several lines; elsewhere, a line is a row.
      const lines = open.tr > 0 ? [data] : data.split('\n');
      for (const [index, line] of lines.entries()) {
        if (index > 0) endRow();
        text += line;
      }
    },
    onclosetag(name, isImplied) {
      count(name, -1);
      if (name === 'html' && !isImplied) isCut = false;
      if (name === 'tr' || name === 'li') endRow();
      text += ' ';
    },
  });
  parser.end(html);
  endRow();
  return { rows, base, heading, isCut };
};
