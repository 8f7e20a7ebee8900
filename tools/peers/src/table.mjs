import { DISCO_QUICK, ENCODE_WITH_WORKERS, WORKS } from './figures.mjs';

/** @typedef {import('./figures.mjs').Figures} Figures */
/** @typedef {import('./figures.mjs').Row} Row */

/**
 * The data types of the figures, in their order.
 *
 * @param {Figures} figures
 */
export const typesOf = ({ rows }) => [...new Set(rows.map(({ type }) => type))];

/**
 * A row's time divided by that of the fastest one of ours that does the same work for the same type.
 *
 * @param {Figures} figures
 * @param {Row} row
 * @returns {number | undefined} undefined if none of ours does this work
 */
export const timeToOurs = ({ rows }, { type, work, seconds }) => {
  const ours = rows.filter((row) => row.by === 'ours' && row.type === type && row.work === work);
  return ours.length === 0 ? undefined : seconds / Math.min(...ours.map((row) => row.seconds));
};

/**
 * @param {number} megabytesPerSecond
 * @returns {string} with three digits at most
 */
export const showRate = (megabytesPerSecond) => megabytesPerSecond.toFixed(megabytesPerSecond < 10 ? 1 : 0);

/**
 * What was measured where, as a sentence.
 *
 * @param {Figures} figures
 */
export const describeRun = ({ date, machine, versions, dump, megabytes, rounds }) =>
  `Measured on ${date} with ${machine.cores} cores (${machine.cpu}, ${machine.system}), Node ${versions['node']}: ` +
  `${megabytes} MB of XML per data type (${dump}), ${rounds === 1 ? 'one round' : `medians of ${rounds} rounds`}.`;

/**
 * The versions of the other parsers, as a sentence.
 *
 * @param {Figures} figures
 */
export const describeVersions = ({ versions }) =>
  `Versions: ${Object.entries(versions)
    .filter(([name]) => name !== 'node')
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')}.`;

/**
 * How long `encodeRecords` takes next to disco-quick without JSON, as a sentence. Empty if one of them was not measured.
 *
 * @param {Figures} figures
 */
export const compareWithDiscoQuick = ({ rows }) => {
  const ratios = rows
    .filter(({ name }) => name === ENCODE_WITH_WORKERS)
    .flatMap(({ type, seconds }) =>
      rows
        .filter((row) => row.type === type && row.name === DISCO_QUICK)
        .map((discoQuick) => `${(seconds / discoQuick.seconds).toFixed(2)} (${type})`),
    );
  if (ratios.length === 0) return '';
  return (
    'Time of `encodeRecords` with 2 workers for JSON, hashes and messages, divided by the time of disco-quick for its ' +
    `structs alone: ${ratios.join(', ')}.`
  );
};

/** @param {Row} row */
const labelOf = ({ by, name, note }) => `${by === 'ours' ? `**${name}**` : name}: ${note}`;

/**
 * A Markdown table with one line per row of the comparison, and the rates in MB of XML per second by data type.
 *
 * @param {Figures} figures
 */
export const summaryTable = (figures) => {
  const types = typesOf(figures);
  const [firstType] = types;
  const lines = [`| MB of XML per second | ${types.join(' | ')} |`, `| --- |${' ---: |'.repeat(types.length)}`];
  let work;
  for (const row of figures.rows.filter(({ type }) => type === firstType)) {
    if (row.work !== work) lines.push(`| *${WORKS[row.work]}* |${' |'.repeat(types.length)}`);
    work = row.work;
    const rates = types.map((type) => {
      const same = figures.rows.find((other) => other.type === type && other.name === row.name);
      return same === undefined ? '' : showRate(same.megabytesPerSecond);
    });
    lines.push(`| ${labelOf(row)} | ${rates.join(' | ')} |`);
  }
  return lines.join('\n');
};

/**
 * A Markdown table per data type, with times and ratios.
 *
 * @param {Figures} figures
 */
export const detailedTables = (figures) =>
  typesOf(figures)
    .map((type) =>
      [
        `| ${type} | seconds | MB/s | records/s | time ÷ gunzip | time ÷ ours |`,
        '| --- | ---: | ---: | ---: | ---: | ---: |',
        ...figures.rows
          .filter((row) => row.type === type)
          .map((row) =>
            [
              `| ${labelOf(row)}`,
              row.seconds.toFixed(2),
              showRate(row.megabytesPerSecond),
              row.recordsPerSecond.toLocaleString('en'),
              row.timeToGunzip.toFixed(2),
              `${timeToOurs(figures, row)?.toFixed(2) ?? ''} |`,
            ].join(' | '),
          ),
      ].join('\n'),
    )
    .join('\n\n');
