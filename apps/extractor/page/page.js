// The script of the status page, served unchanged. Everything from the server is written as text, never as markup.

/** Time between two requests while the page is visible, and while it is in the background. */
const POLL_MS = 1000;
const HIDDEN_POLL_MS = 30_000;
/** A request that takes longer has failed. */
const REQUEST_TIMEOUT_MS = 8000;
/** Failed requests in a row after which the page reports that it has lost the connection. */
const MAX_FAILED_REQUESTS = 2;

/** Seconds without progress after which a file's line mentions it. */
const STALL_SECONDS = 30;

const CHART_WIDTH = 720;
const CHART_HEIGHT = 150;
/** Margins above the highest point and below the line. */
const CHART_TOP = 8;
const CHART_BOTTOM = 2;
/** Points that the chart is wide: one minute after a start, growing to ten minutes. */
const MIN_POINTS = 30;
const MAX_POINTS = 300;
/** The current rate is the mean of this many points, since single points vary too much. */
const RATE_POINTS = 3;

/** @param {string} id @returns {HTMLElement} */
const byId = (id) => {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`The page has no element #${id}`);
  return element;
};

/** @param {string} id @param {string} text */
const setText = (id, text) => {
  const element = byId(id);
  // Assistive technology announces changes, so an unchanged text must not be written again.
  if (element.textContent !== text) element.textContent = text;
};

/** @param {string} tag @param {string} className @param {string} [text] @returns {HTMLElement} */
const createElement = (tag, className, text) => {
  const element = document.createElement(tag);
  element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
};

const wholeNumbers = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const shortNumbers = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });
const dateTimes = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });

/** @param {number} value */
const formatCount = (value) => wholeNumbers.format(value);

/** @param {number} bytes */
const formatBytes = (bytes) => {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  let value = bytes;
  // Rounding may lift a value to the next unit: 999.6 kB is 1.0 MB.
  for (; value >= 999.5 && unit < units.length - 1; unit++) value /= 1000;
  return `${value.toFixed(unit === 0 || value >= 100 ? 0 : 1)} ${units[unit]}`;
};

/** @param {number} seconds */
const formatDuration = (seconds) => {
  if (seconds < 60) return `${Math.max(0, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.round(hours / 24)} days`;
};

/** @type {Record<string, string>} */
const PHASES = {
  starting: 'Starting',
  standby: 'Standby',
  checking: 'Looking for a dump',
  downloading: 'Downloading',
  processing: 'Extracting',
  waiting: 'Waiting',
  stopping: 'Stopping',
};

/** @type {Record<string, string>} */
const STATES = {
  pending: 'waiting',
  downloading: 'downloading',
  downloaded: 'downloaded and verified',
  extracting: 'extracting',
  completed: 'delivered',
  skipped: 'delivered earlier',
  failed: 'failed',
  stopped: 'stopped',
};

/**
 * Why a file is not publishing.
 * @type {Record<string, string>}
 */
const CONDITIONS = {
  blocked: 'the broker blocks publishing',
  waiting: 'waiting for the queues of consumers',
};

/** @param {any} status */
const showPhase = (status) => {
  const { phase, dump } = status;
  const name = PHASES[phase] ?? phase;
  const hasFailed = phase === 'waiting' && status.extraction_status === 'failed';
  const isIncomplete = phase === 'waiting' && status.last_check?.outcome === 'incomplete';
  const isStandby = phase === 'standby';
  const isBusy = phase !== 'waiting' && phase !== 'stopping' && !isStandby;
  setText('phase', hasFailed ? 'Failed, will retry' : isIncomplete ? 'Waiting, not all was delivered' : name);
  byId('phase').dataset['tone'] =
    hasFailed || isIncomplete ? 'bad' : isBusy ? 'busy' : phase === 'waiting' ? 'good' : 'none';
  const percent = isBusy && phase !== 'checking' ? ` ${Math.floor(status.progress * 100)} %` : '';
  document.title = `${hasFailed ? 'Failed' : name}${percent} · discogs-extractor`;
  const age = dump === null ? '' : dump.age_days === 1 ? '1 day old' : `${formatCount(dump.age_days)} days old`;
  setText(
    'subtitle',
    isStandby
      ? status.not_ready_because.join(', ')
      : dump === null
        ? 'No dump found yet'
        : `Dump ${dump.version}, ${age}, to ${status.sink.destination}`,
  );
};

/** @param {any} status */
const showTiles = (status) => {
  const now = Date.parse(status.now);
  /** @type {any[]} */
  const files = status.files;
  /** @param {(file: any) => number} of */
  const sum = (of) => files.reduce((total, file) => total + of(file), 0);
  const isRunning = status.check !== null;

  setText('rate', isRunning ? formatCount(mean(status.throughput.records.slice(-RATE_POINTS))) : '–');
  const bytes = sum((file) => file.bytes_per_second);
  setText('rate-note', bytes > 0 ? `${formatBytes(bytes)}/s of compressed dump` : '');

  setText('confirmed', files.length > 0 ? formatCount(sum(deliveredOf)) : '–');
  const waiting = sum((file) => (file.state === 'extracting' ? file.records - file.confirmed : 0));
  const malformed = sum((file) => file.malformed);
  const notes = [];
  if (waiting > 0) notes.push(`${formatCount(waiting)} not confirmed yet`);
  const unchanged = sum((file) => file.changes?.unchanged ?? 0);
  if (unchanged > 0) notes.push(`${formatCount(unchanged)} unchanged`);
  if (malformed > 0) notes.push(`${formatCount(malformed)} malformed`);
  setText('confirmed-note', notes.join(', '));

  setText('left', isRunning && status.seconds_left !== null ? formatDuration(status.seconds_left) : '–');
  const elapsed = isRunning ? (now - Date.parse(status.check.started_at)) / 1000 : 0;
  const phaseNote = status.phase === 'downloading' ? 'for the download, ' : '';
  setText('left-note', isRunning ? `${phaseNote}running for ${formatDuration(elapsed)}` : '');

  const next = status.next_check_at;
  setText(
    'next',
    next !== null ? `in ${formatDuration((Date.parse(next) - now) / 1000)}` : isRunning ? 'running' : '–',
  );
  const last = status.last_success_at;
  setText(
    'next-note',
    next !== null
      ? dateTimes.format(new Date(next))
      : last !== null
        ? `last successful run ${dateTimes.format(new Date(last))}`
        : '',
  );
};

/** @param {readonly number[]} values */
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

/** @param {readonly number[]} values @param {number} highest @param {number} width in points */
const chartPoints = (values, highest, width) => {
  const step = CHART_WIDTH / (width - 1);
  const height = CHART_HEIGHT - CHART_TOP - CHART_BOTTOM;
  const first = width - values.length;
  return values.map((value, index) => {
    const x = (first + index) * step;
    const y = CHART_TOP + height * (1 - (highest > 0 ? value / highest : 0));
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
};

/** @param {any} status */
const showChart = ({ throughput, phase }) => {
  const isDownloading = phase === 'downloading';
  /** @type {readonly number[]} */
  const values = (isDownloading ? throughput.downloaded_bytes : throughput.records).slice(-MAX_POINTS);
  const width = Math.max(MIN_POINTS, values.length);
  /** @param {number} value */
  const formatRate = (value) => (isDownloading ? `${formatBytes(value)}/s` : `${shortNumbers.format(value)} records/s`);
  const highest = Math.max(0, ...values);
  const line = chartPoints(values, highest, width);
  const base = CHART_HEIGHT - CHART_BOTTOM;
  const [from] = (line[0] ?? '0,0').split(',');
  const hasLine = line.length > 1;
  byId('chart-line').setAttribute('d', hasLine ? `M${line.join('L')}` : '');
  byId('chart-area').setAttribute('d', hasLine ? `M${from},${base}L${line.join('L')}L${CHART_WIDTH},${base}Z` : '');
  setText('chart-from', `${formatDuration(width * throughput.seconds_between)} ago`);
  setText(
    'chart-now',
    hasLine ? `now ${formatRate(mean(values.slice(-RATE_POINTS)))}, peak ${formatRate(highest)}` : '',
  );
  // The chart in words, for screen readers.
  const average = mean(values.slice(-MIN_POINTS));
  setText(
    'chart-text',
    `${formatRate(average)} on average over the last minute, peak ${formatRate(highest)} in the last ten minutes.`,
  );
};

const drawChartGrid = () => {
  for (const part of [0, 0.5, 1]) {
    const line = document.createElementNS('http://www.w3.org/2000/svg', 'line');
    const y = String(CHART_TOP + (CHART_HEIGHT - CHART_TOP - CHART_BOTTOM) * part);
    for (const [name, value] of Object.entries({ x1: '0', x2: String(CHART_WIDTH), y1: y, y2: y })) {
      line.setAttribute(name, value);
    }
    byId('chart-grid').append(line);
  }
};

/**
 * Rows by file, kept between updates so that the bars move smoothly.
 * @type {Map<string, ReturnType<typeof createRow>>}
 */
const rows = new Map();
let rowCount = 0;

/** @param {any} file */
const createRow = (file) => {
  const item = createElement('li', 'file');
  const name = createElement('span', 'file-name', file.data_type);
  name.id = `file-${++rowCount}`;
  const percent = createElement('span', 'file-percent');
  const head = createElement('div', 'file-head');
  head.append(name, createElement('span', 'file-path', file.file), percent);
  const bar = createElement('div', 'bar');
  const aria = { role: 'progressbar', 'aria-labelledby': name.id, 'aria-valuemin': '0', 'aria-valuemax': '100' };
  for (const [key, value] of Object.entries(aria)) bar.setAttribute(key, value);
  const fill = createElement('div', 'fill');
  bar.append(fill);
  const facts = createElement('p', 'file-facts');
  const drift = createElement('ul', 'file-drift');
  const error = createElement('p', 'file-facts bad');
  item.append(head, bar, facts, drift, error);
  return { item, percent, bar, fill, facts, drift, error };
};

/** @param {any} file @returns {number} */
const countChanges = ({ drift }) =>
  Object.values(drift?.counts ?? {}).reduce((/** @type {number} */ sum, count) => sum + count, 0);

/** Changes of the format that are shown of each file. */
const MAX_SHOWN_CHANGES = 5;

/** @param {any} file @returns {string[]} */
const changesOf = (file) => {
  const all = countChanges(file);
  if (all === 0) return [];
  const shown = file.drift.changes.slice(0, MAX_SHOWN_CHANGES);
  return all > shown.length ? [...shown, `… all are in ${file.drift.report}`] : shown;
};

/**
 * Confirmed records without those that rules left out. These are counted when they are read, so that while a file is
 * read the result may be a little too small.
 *
 * @param {any} file
 */
const deliveredOf = ({ confirmed, quality }) => Math.max(0, confirmed - (quality?.skipped ?? 0));

/** What was sent, and what was not because the sink has it. @param {any} file @returns {[text: string, tone: string][]} */
const deliveredFacts = (file) => {
  if (file.changes === null) return [[`${formatCount(deliveredOf(file))} records delivered`, '']];
  const { published, unchanged, deleted } = file.changes;
  return Object.entries({ published, unchanged, deleted }).map(([name, count]) => [
    `${formatCount(count)} ${name}`,
    '',
  ]);
};

/** @param {any} file @param {number} now @returns {[text: string, tone: string][]} */
const factsOf = (file, now) => {
  const { state, connection } = file;
  /** @type {[string, string][]} */
  const facts = [[STATES[state] ?? state, state === 'failed' ? 'bad' : '']];
  const total = file.size_bytes === null ? '' : formatBytes(file.size_bytes);
  const done = state === 'downloading' ? file.downloaded_bytes : file.delivered_bytes;
  const isActive = state === 'downloading' || state === 'extracting';
  if (isActive) facts.push([total ? `${formatBytes(done)} of ${total}` : formatBytes(done), '']);
  else if (total) facts.push([total, '']);
  if (file.confirmed > 0) facts.push(...deliveredFacts(file));
  if (file.records_per_second > 0) facts.push([`${formatCount(file.records_per_second)} records/s`, '']);
  else if (file.bytes_per_second > 0) facts.push([`${formatBytes(file.bytes_per_second)}/s`, '']);
  const stalledSeconds =
    isActive && file.last_progress_at !== null ? (now - Date.parse(file.last_progress_at)) / 1000 : 0;
  if (stalledSeconds > STALL_SECONDS) facts.push([`no progress for ${formatDuration(stalledSeconds)}`, 'warn']);
  if (file.seconds_left !== null) facts.push([`${formatDuration(file.seconds_left)} left`, '']);
  const irregular = Object.entries(file.irregularities).map(([kind, times]) => `${kind} ${formatCount(times)}`);
  if (irregular.length > 0) facts.push([`irregularities: ${irregular.join(', ')}`, 'warn']);
  if (file.malformed > 0) facts.push([`${formatCount(file.malformed)} malformed`, 'bad']);
  if (file.missing > 0) facts.push([`${formatCount(file.missing)} messages are not in their queues any more`, 'bad']);
  else if (file.undelivered > file.malformed) facts.push([`not delivered: ${formatCount(file.undelivered)}`, 'bad']);
  const changes = countChanges(file);
  if (changes > 0) {
    const plural = changes === 1 ? '' : 's';
    const what =
      file.drift.compared_with === null ? `deviation${plural} from the known format` : `change${plural} of the format`;
    facts.push([`${formatCount(changes)} ${what}`, 'warn']);
  }
  if (connection !== null && connection.condition !== 'publishing') {
    const condition = CONDITIONS[connection.condition] ?? 'not connected to the broker';
    facts.push([connection.reason ? `${condition}: ${connection.reason}` : condition, 'bad']);
  }
  return facts;
};

/** @param {any} file */
const isDone = ({ state }) => state === 'completed' || state === 'skipped';

/** @param {any} status */
const showFiles = ({ files, now }) => {
  const seen = new Set();
  for (const file of files) {
    seen.add(file.file);
    const row = rows.get(file.file) ?? createRow(file);
    if (!rows.has(file.file)) byId('files').append(row.item);
    rows.set(file.file, row);
    row.item.dataset['state'] = file.state;
    const percent = isDone(file) ? 100 : Math.floor((file.progress ?? 0) * 1000) / 10;
    const facts = factsOf(file, Date.parse(now));
    row.fill.style.width = `${percent}%`;
    row.percent.textContent = `${percent.toFixed(percent === 0 || percent === 100 ? 0 : 1)} %`;
    row.bar.setAttribute('aria-valuenow', String(Math.floor(percent)));
    row.bar.setAttribute('aria-valuetext', `${Math.floor(percent)} %, ${facts[0]?.[0]}`);
    row.facts.replaceChildren(...facts.map(([text, tone]) => createElement('span', tone, text)));
    const changes = changesOf(file);
    row.drift.replaceChildren(...changes.map((change) => createElement('li', '', change)));
    row.drift.hidden = changes.length === 0;
    row.error.textContent = file.error ?? '';
    row.error.hidden = file.error === null;
  }
  for (const [file, row] of rows) {
    if (seen.has(file)) continue;
    row.item.remove();
    rows.delete(file);
  }
  byId('no-files').hidden = files.length > 0;
  setText('files-note', files.length > 0 ? `${files.filter(isDone).length} of ${files.length} done` : '');
};

/** @param {any} status */
const showQuality = ({ files }) => {
  const checked = files.filter((/** @type {any} */ { quality }) => quality !== null);
  byId('quality').hidden = checked.length === 0;
  const rows = checked.flatMap((/** @type {any} */ { data_type: type, quality }) =>
    Object.entries(quality.rules).map(([rule, /** @type {any} */ { severity, violations, records }]) => {
      const row = createElement('tr', severity === 'error' ? 'bad' : severity === 'warning' ? 'warn' : '');
      for (const text of [type, rule, severity]) row.append(createElement('td', '', text));
      for (const count of [violations, records]) row.append(createElement('td', 'number', formatCount(count)));
      return row;
    }),
  );
  byId('quality-rows').replaceChildren(...rows);
  byId('quality-none').hidden = rows.length > 0;
  const sum = (/** @type {(quality: any) => number} */ of) =>
    checked.reduce((/** @type {number} */ total, /** @type {any} */ { quality }) => total + of(quality), 0);
  const skipped = sum((quality) => quality.skipped);
  const flagged = sum((quality) => quality.flagged);
  setText('quality-note', `${formatCount(flagged)} records flagged, ${formatCount(skipped)} skipped`);
};

/** @param {any} status */
const showCompletion = ({ extraction_complete: completion }) => {
  byId('completion').hidden = completion === null;
  if (completion === null) return;
  const { sent_at: sentAt, withheld_because: reasons } = completion;
  setText(
    'completion',
    sentAt === null
      ? `extraction_complete is not sent: ${reasons.join('; ')}`
      : `extraction_complete was sent ${dateTimes.format(new Date(sentAt))}`,
  );
};

let shownProblems = '';

/** @param {any} status */
const showProblems = ({ problems, failures }) => {
  byId('no-problems').hidden = problems.length > 0;
  setText('problems-note', failures > 1 ? `${failures} runs in a row failed` : '');
  const key = JSON.stringify(problems);
  if (key === shownProblems) return;
  shownProblems = key;
  byId('problems').replaceChildren(
    ...problems.map((/** @type {any} */ { at, code, message, file }) => {
      const head = createElement('p', 'problem-head');
      head.append(
        createElement('span', 'code', code),
        dateTimes.format(new Date(at)) + (file === null ? '' : ` · ${file}`),
      );
      const item = createElement('li', 'problem');
      item.append(head, createElement('p', '', message));
      return item;
    }),
  );
};

/** @param {any} status */
const show = (status) => {
  showPhase(status);
  showTiles(status);
  showChart(status);
  showFiles(status);
  showQuality(status);
  showCompletion(status);
  showProblems(status);
  byId('trigger').hidden = !status.can_trigger;
  const uptime = (Date.parse(status.now) - Date.parse(status.started_at)) / 1000;
  setText('about', `Version ${status.version}, up for ${formatDuration(uptime)}`);
};

let failedRequests = 0;
let lastAnswerAt = Date.now();

const update = async () => {
  try {
    const response = await fetch('status', { cache: 'no-store', signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
    if (!response.ok) throw new Error(`GET status returned ${response.status}`);
    show(await response.json());
    failedRequests = 0;
    lastAnswerAt = Date.now();
    byId('connection').hidden = true;
    document.body.classList.remove('outdated');
  } catch {
    failedRequests++;
    if (failedRequests < MAX_FAILED_REQUESTS) return;
    const age = formatDuration((Date.now() - lastAnswerAt) / 1000);
    setText('connection', `No response from the extractor for ${age}. This page is out of date.`);
    byId('connection').hidden = false;
    document.body.classList.add('outdated');
    document.title = 'No response · discogs-extractor';
  }
};

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
const poll = async () => {
  clearTimeout(timer);
  await update();
  clearTimeout(timer);
  timer = setTimeout(poll, document.hidden ? HIDDEN_POLL_MS : POLL_MS);
};

/** @type {Record<number, string>} */
const TRIGGER_MESSAGES = {
  202: 'Run started.',
  403: 'The token is wrong.',
  409: 'A run is already in progress.',
};

byId('trigger-form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const token = /** @type {HTMLInputElement} */ (byId('token'));
  const force = /** @type {HTMLInputElement} */ (byId('force'));
  try {
    const response = await fetch('trigger', {
      method: 'POST',
      headers: { Authorization: `Bearer ${token.value}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ force_reprocess: force.checked }),
    });
    setText('trigger-result', TRIGGER_MESSAGES[response.status] ?? `The extractor returned status ${response.status}.`);
    if (response.ok) token.value = '';
  } catch {
    setText('trigger-result', 'The extractor did not respond.');
  }
  void poll();
});

document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void poll();
});

drawChartGrid();
void poll();
