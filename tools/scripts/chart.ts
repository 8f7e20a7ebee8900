// `npm run chart`: draws docs/images/benchmark.svg from docs/benchmarks/latest.json. `npm run chart -- --merge FILE`
// first copies the parser's figures from a file that `npm run bench -- --json FILE` has written.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const path = (relative: string): string => fileURLToPath(new URL(`../../${relative}`, import.meta.url));

export const DATA_FILE = path('docs/benchmarks/latest.json');
export const CHART_FILE = path('docs/images/benchmark.svg');

/** The figures of docs/benchmarks/latest.json. */
export interface BenchmarkFigures {
  readonly machine: string;
  /** What the parser's benchmark writes, or the rows of it that the chart needs. */
  readonly parser: { readonly cores: number; readonly megabytes: number; readonly rows: readonly ParserRow[] };
  readonly peers: {
    /** A parser that does only `work` with each record. */
    readonly parsing: {
      readonly name: string;
      readonly work: string;
      /** This project's time divided by the peer's, both taken in one run. */
      readonly rows: readonly { readonly type: string; readonly timeToPeer: number }[];
    };
    readonly publishing: {
      readonly records: number;
      readonly rows: readonly { readonly name: string; readonly seconds: number }[];
    };
  };
}

interface ParserRow {
  readonly type: string;
  readonly row: string;
  readonly megabytesPerSecond: number;
  readonly recordsPerSecond: number;
  /** The time divided by that of gunzip alone in the same run. */
  readonly timeToGunzip: number;
}

interface Bar {
  readonly label: string;
  /** What the bar's length stands for. */
  readonly amount: number;
  /** What is written after the bar. */
  readonly text: string;
  readonly kind: 'ours' | 'peer' | 'baseline';
}

interface Group {
  readonly title: string;
  readonly bars: readonly Bar[];
}

const TYPES = ['releases', 'artists', 'labels', 'masters'];

const WIDTH = 800;
const LABEL_WIDTH = 292;
const BAR_WIDTH = 360;
const BAR_HEIGHT = 16;
const BAR_STEP = 20;
const GROUP_GAP = 16;

const STYLE = `
    text { font: 13px system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; fill: #1f2328; }
    .title { font-size: 16px; font-weight: 600; }
    .note { font-size: 12px; fill: #59636e; }
    .group { font-weight: 600; }
    .ours { fill: #0a58ca; }
    .peer { fill: url(#hatched); stroke: #59636e; }
    .baseline { fill: none; stroke: #59636e; stroke-dasharray: 4 3; }
    .hatching { stroke: #59636e; }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc; }
      .note { fill: #9198a1; }
      .ours { fill: #4493f8; }
      .peer, .baseline, .hatching { stroke: #9198a1; }
    }`;

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const parsingGroups = ({ parser, peers }: BenchmarkFigures): Group[] =>
  TYPES.map((type) => {
    const ours = parser.rows.find((row) => row.type === type && row.row === `fast, ${parser.cores} workers`);
    const peer = peers.parsing.rows.find((row) => row.type === type);
    if (ours === undefined || peer === undefined) throw new Error(`${DATA_FILE} has no figures for ${type}`);
    const slower = 1 / peer.timeToPeer;
    const bars: Bar[] = [
      {
        label: 'gunzip alone',
        amount: 1 / ours.timeToGunzip,
        text: `${(1 / ours.timeToGunzip).toFixed(2)}`,
        kind: 'baseline',
      },
      {
        label: 'discogs-extractor',
        amount: 1,
        text: `1 (${Math.round(ours.megabytesPerSecond)} MB/s)`,
        kind: 'ours',
      },
      { label: `${peers.parsing.name}: ${peers.parsing.work}`, amount: slower, text: slower.toFixed(1), kind: 'peer' },
    ];
    return { title: type, bars };
  });

const publishingGroup = ({ peers }: BenchmarkFigures): Group => ({
  title: '',
  bars: peers.publishing.rows.map(({ name, seconds }, at) => ({
    label: name,
    amount: seconds,
    text: `${seconds} s`,
    kind: at === 0 ? 'ours' : 'peer',
  })),
});

/** Draws groups of bars below `top`, all to one scale. Returns the elements and where they end. */
const drawGroups = (groups: readonly Group[], top: number): { elements: string[]; bottom: number } => {
  const longest = Math.max(...groups.flatMap(({ bars }) => bars.map(({ amount }) => amount)));
  const elements: string[] = [];
  let y = top;
  for (const { title, bars } of groups) {
    if (title !== '') elements.push(`<text class="group" x="0" y="${y + 13}">${escapeXml(title)}</text>`);
    for (const { label, amount, text, kind } of bars) {
      const width = Math.round((amount / longest) * BAR_WIDTH);
      elements.push(
        `<text x="${LABEL_WIDTH - 8}" y="${y + 13}" text-anchor="end">${escapeXml(label)}</text>`,
        `<rect class="${kind}" x="${LABEL_WIDTH}.5" y="${y}.5" width="${width}" height="${BAR_HEIGHT}"/>`,
        `<text x="${LABEL_WIDTH + width + 8}" y="${y + 13}">${escapeXml(text)}</text>`,
      );
      y += BAR_STEP;
    }
    y += GROUP_GAP;
  }
  return { elements, bottom: y - GROUP_GAP };
};

/** Draws the chart. */
export const drawChart = (figures: BenchmarkFigures): string => {
  const { machine, parser, peers } = figures;
  const parsing = drawGroups(parsingGroups(figures), 52);
  const second = parsing.bottom + 34;
  const publishing = drawGroups([publishingGroup(figures)], second + 32);
  const height = publishing.bottom + 28;
  const title = 'Benchmark: discogs-extractor and its peers';
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title">
  <title id="title">${title}</title>
  <style>${STYLE}
  </style>
  <defs>
    <pattern id="hatched" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
      <line class="hatching" x1="0" y1="0" x2="0" y2="6" stroke-width="2"/>
    </pattern>
  </defs>
  <text class="title" x="0" y="16">Reading a dump: time relative to discogs-extractor (shorter is better)</text>
  <text class="note" x="0" y="36">${escapeXml(`${parser.megabytes} MB of XML a type; discogs-extractor makes JSON, SHA-256 and messages with ${parser.cores} workers`)}</text>
  ${parsing.elements.join('\n  ')}
  <text class="title" x="0" y="${second + 16}">${escapeXml(`From dumps to RabbitMQ: ${peers.publishing.records.toLocaleString('en')} records (shorter is better)`)}</text>
  ${publishing.elements.join('\n  ')}
  <text class="note" x="0" y="${height - 4}">${escapeXml(`Measured on ${machine}`)}</text>
</svg>
`;
};

export const readFigures = async (): Promise<BenchmarkFigures> =>
  JSON.parse(await readFile(DATA_FILE, 'utf8')) as BenchmarkFigures;

const main = async (): Promise<void> => {
  const at = process.argv.indexOf('--merge');
  let figures = await readFigures();
  if (at !== -1) {
    const measured = JSON.parse(await readFile(process.argv[at + 1]!, 'utf8')) as Partial<BenchmarkFigures>;
    if (measured.parser === undefined) throw new Error(`${process.argv[at + 1]} has no figures of the parser`);
    figures = { ...figures, parser: measured.parser };
    await writeFile(DATA_FILE, `${JSON.stringify(figures, null, 2)}\n`);
  }
  await mkdir(dirname(CHART_FILE), { recursive: true });
  await writeFile(CHART_FILE, drawChart(figures));
};

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
