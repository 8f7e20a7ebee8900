import { WORKS } from './figures.mjs';
import { showRate, timeToOurs, typesOf } from './table.mjs';

/** @typedef {import('./figures.mjs').Figures} Figures */
/** @typedef {'light' | 'dark'} Theme */

/**
 * Times from dumps to the broker, of this project first.
 *
 * @typedef {{ records: number, rows: readonly { name: string, seconds: number }[] }} Delivery
 */

/**
 * @typedef {object} Bar
 * @property {string} label
 * @property {number} amount what the bar's length stands for
 * @property {string} value written after the bar
 * @property {string} note after the value
 * @property {'ours' | 'peer' | 'baseline'} by
 */

/** @typedef {{ heading: string, bars: readonly Bar[] }} Group */

const WIDTH = 840;
const LABEL_WIDTH = 244;
const BAR_WIDTH = 280;
const BAR_HEIGHT = 14;
const LINE_HEIGHT = 19;
const GAP = 10;

/** @type {Readonly<Record<Theme, { text: string, note: string, line: string, ours: string }>>} */
const COLORS = {
  light: { text: '#1f2328', note: '#59636e', line: '#59636e', ours: '#0a58ca' },
  dark: { text: '#f0f6fc', note: '#9198a1', line: '#9198a1', ours: '#4493f8' },
};

/** @param {string} text */
const escapeXml = (text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/**
 * @param {string} className
 * @param {number} x
 * @param {number} y
 * @param {string} content
 * @param {string} [more]
 */
const textElement = (className, x, y, content, more = '') =>
  `<text class="${className}" x="${x}" y="${y}"${more}>${escapeXml(content)}</text>`;

/**
 * The rates of one data type, grouped by the work that is done.
 *
 * @param {Figures} figures
 * @param {string} type
 * @returns {Group[]}
 */
const groupsOf = (figures, type) => {
  const rows = figures.rows.filter((row) => row.type === type);
  return [...new Set(rows.map(({ work }) => work))].map((work) => ({
    heading: WORKS[work],
    bars: rows
      .filter((row) => row.work === work)
      .map((row) => {
        const ratio = row.by === 'peer' ? timeToOurs(figures, row) : undefined;
        const rate = `${showRate(row.megabytesPerSecond)} MB/s`;
        return {
          label: row.name,
          amount: row.megabytesPerSecond,
          value: ratio === undefined ? rate : `${rate}, ${ratio.toFixed(1)} times as long`,
          note: row.note,
          by: row.by,
        };
      }),
  }));
};

/**
 * @param {Delivery} delivery
 * @returns {Group}
 */
const deliveryGroup = ({ rows }) => ({
  heading: '',
  bars: rows.map(({ name, seconds }, at) => ({
    label: name,
    amount: seconds,
    value: `${seconds} s`,
    note: '',
    by: at === 0 ? 'ours' : 'peer',
  })),
});

/**
 * Draws groups of bars, all to one scale.
 *
 * @param {readonly Group[]} groups
 * @param {number} top
 * @param {number} longest the amount that fills the width
 * @returns {{ elements: string[], bottom: number }}
 */
const drawGroups = (groups, top, longest) => {
  /** @type {string[]} */
  const elements = [];
  let y = top;
  for (const { heading, bars } of groups) {
    if (heading !== '') {
      elements.push(textElement('note', 0, y + 12, heading));
      y += LINE_HEIGHT;
    }
    for (const { label, amount, value, note, by } of bars) {
      const width = Math.max(1, Math.round((amount / longest) * BAR_WIDTH));
      elements.push(
        textElement('label', LABEL_WIDTH - 8, y + 12, label, ' text-anchor="end"'),
        `<rect class="${by}" x="${LABEL_WIDTH}.5" y="${y}.5" width="${width}" height="${BAR_HEIGHT}"/>`,
        `<text class="label" x="${LABEL_WIDTH + width + 8}" y="${y + 12}">${escapeXml(value)}${
          note === '' ? '' : ` <tspan class="note">(${escapeXml(note)})</tspan>`
        }</text>`,
      );
      y += LINE_HEIGHT;
    }
    y += GAP;
  }
  return { elements, bottom: y - GAP };
};

/**
 * All values in words, for those who cannot see the chart.
 *
 * @param {readonly Group[]} groups
 */
const describeGroups = (groups) =>
  groups
    .map(({ heading, bars }) => {
      const values = bars.map(({ label, value, note }) => `${label} ${value}${note === '' ? '' : ` (${note})`}`);
      return `${heading === '' ? '' : `${heading}: `}${values.join('; ')}.`;
    })
    .join(' ');

/**
 * Draws the chart as SVG. Without colours, solid bars are ours, hatched ones the others, and a dashed outline is gunzip.
 *
 * @param {Figures} figures
 * @param {{ theme: Theme, types?: readonly string[], delivery?: Delivery | undefined }} options `types`: those to draw,
 *   all by default; `delivery`: drawn below, if given
 */
export const drawChart = (figures, { theme, types = typesOf(figures), delivery }) => {
  const color = COLORS[theme];
  const longest = Math.max(
    ...figures.rows.filter(({ type }) => types.includes(type)).map((row) => row.megabytesPerSecond),
  );
  const descriptions = [];
  const elements = [];
  let y = 46;
  for (const type of types) {
    const groups = groupsOf(figures, type);
    descriptions.push(`${type}: ${describeGroups(groups)}`);
    elements.push(textElement('group', 0, y + 12, type));
    const drawn = drawGroups(groups, y + LINE_HEIGHT, longest);
    elements.push(...drawn.elements);
    y = drawn.bottom + 2 * GAP;
  }
  if (delivery !== undefined) {
    const group = deliveryGroup(delivery);
    const title = `From dumps to RabbitMQ: ${delivery.records.toLocaleString('en')} records (shorter is better)`;
    descriptions.push(`${title}. ${describeGroups([group])}`);
    elements.push(textElement('title', 0, y + 16, title));
    const drawn = drawGroups([group], y + 30, Math.max(...group.bars.map(({ amount }) => amount)));
    elements.push(...drawn.elements);
    y = drawn.bottom + 2 * GAP;
  }
  const height = y - GAP;
  const { megabytes, dump, machine, date } = figures;
  const title = 'Reading a dump: MB of XML per second (longer is better)';
  const note = `${megabytes} MB of XML per data type (${dump}), ${machine.cores} cores, Node ${figures.versions['node']}, ${date}. Solid: discogs-extractor; hatched: others.`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title description">
  <title id="title">${escapeXml(title)}</title>
  <desc id="description">${escapeXml(`${note} ${descriptions.join(' ')}`)}</desc>
  <style>
    text { font: 13px system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; fill: ${color.text}; }
    .title { font-size: 16px; font-weight: 600; }
    .group { font-weight: 600; }
    .note { font-size: 12px; fill: ${color.note}; }
    .ours { fill: ${color.ours}; stroke: ${color.ours}; }
    .peer { fill: url(#hatched); stroke: ${color.line}; }
    .baseline { fill: none; stroke: ${color.line}; stroke-dasharray: 4 3; }
  </style>
  <defs>
    <pattern id="hatched" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
      <line x1="0" y1="0" x2="0" y2="6" stroke="${color.line}" stroke-width="2"/>
    </pattern>
  </defs>
  ${textElement('title', 0, 16, title)}
  ${textElement('note', 0, 35, note)}
  ${elements.join('\n  ')}
</svg>
`;
};
