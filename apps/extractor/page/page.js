// The status page's script, served as it stands here. All that comes from the server is written as text, never as markup.

/** Time between two looks, in milliseconds: while someone looks, and while the page is in the background. */
const POLL_MS = 1000;
const POLL_HIDDEN_MS = 30_000;
/** An answer that takes longer counts as none. */
const TIMEOUT_MS = 8000;
/** Looks in a row without an answer before the page says that it has lost contact. */
const MISSES = 2;

/** Seconds without any progress that a person should know of. */
const STILL_SECONDS = 30;

const CHART_WIDTH = 720;
const CHART_HEIGHT = 150;
/** Room above the highest point, and below the line. */
const CHART_TOP = 8;
const CHART_BOTTOM = 2;
/** Points of the whole width: from a minute, where the service is young, to ten minutes. */
const LEAST_POINTS = 30;
const MOST_POINTS = 300;
/** Points whose mean is the rate of the moment: a single one jumps about. */
const RATE_POINTS = 3;

/** @param {string} id @returns {HTMLElement} */
const byId = (id) => {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`The page has no #${id}`);
  return element;
};

/** @param {string} id @param {string} text */
const write = (id, text) => {
  const element = byId(id);
  // Assistive technology speaks of changes: what stays the same must not be written again.
  if (element.textContent !== text) element.textContent = text;
};

/** @param {string} tag @param {string} className @param {string} [text] @returns {HTMLElement} */
const make = (tag, className, text) => {
  const element = document.createElement(tag);
  element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
};

const wholeNumbers = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const shortNumbers = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });
const times = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });

/** @param {number} value */
const count = (value) => wholeNumbers.format(value);

/** @param {number} bytes */
const size = (bytes) => {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  let value = bytes;
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  return `${value.toFixed(unit === 0 || value >= 100 ? 0 : 1)} ${units[unit]}`;
};

/** @param {number} seconds */
const duration = (seconds) => {
  if (seconds < 60) return `${Math.max(0, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.round(hours / 24)} days`;
};

/** @type {Record<string, string>} */
const PHASES = {
  starting: 'Starting',
  checking: 'Looking for a dump',
  downloading: 'Fetching',
  processing: 'Extracting',
  waiting: 'Waiting',
  stopping: 'Stopping',
};

/** @type {Record<string, string>} */
const STATES = {
  pending: 'waiting for its turn',
  downloading: 'being fetched',
  downloaded: 'fetched and verified',
  extracting: 'being extracted',
  completed: 'delivered',
  skipped: 'delivered earlier',
  failed: 'failed',
  stopped: 'stopped',
};

/** @param {any} status */
const showPhase = (status) => {
  const { phase, dump } = status;
  const name = PHASES[phase] ?? phase;
  const hasFailed = phase === 'waiting' && status.extraction_status === 'failed';
  const isBusy = phase !== 'waiting' && phase !== 'stopping';
  write('phase', hasFailed ? 'Failed, will try again' : name);
  byId('phase').dataset['tone'] = hasFailed ? 'bad' : isBusy ? 'busy' : phase === 'waiting' ? 'good' : 'none';
  const percent = isBusy && phase !== 'checking' ? ` ${Math.floor(status.progress * 100)} %` : '';
  document.title = `${hasFailed ? 'Failed' : name}${percent} · discogs-extractor`;
  const age = dump === null ? '' : dump.age_days === 1 ? '1 day old' : `${count(dump.age_days)} days old`;
  write(
    'subtitle',
    dump === null ? 'No dump found yet' : `Dump ${dump.version}, ${age}, to ${status.sink.destination}`,
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

  write('rate', isRunning ? count(mean(status.throughput.records.slice(-RATE_POINTS))) : '–');
  const bytes = sum((file) => file.bytes_per_second);
  write('rate-note', bytes > 0 ? `${size(bytes)}/s of the dump` : '');

  write('confirmed', files.length > 0 ? count(sum((file) => file.confirmed)) : '–');
  const waiting = sum((file) => (file.state === 'extracting' ? file.records - file.confirmed : 0));
  const malformed = sum((file) => file.malformed);
  const notes = [];
  if (waiting > 0) notes.push(`${count(waiting)} on their way`);
  if (malformed > 0) notes.push(`${count(malformed)} malformed`);
  write('confirmed-note', notes.join(', '));

  const lefts = files.map((file) => file.seconds_left).filter((left) => left !== null);
  write('left', isRunning && lefts.length > 0 ? duration(Math.max(...lefts)) : '–');
  const elapsed = isRunning ? (now - Date.parse(status.check.started_at)) / 1000 : 0;
  write('left-note', isRunning ? `running for ${duration(elapsed)}` : '');

  const next = status.next_check_at;
  write('next', next !== null ? `in ${duration((Date.parse(next) - now) / 1000)}` : isRunning ? 'under way' : '–');
  const last = status.last_success_at;
  write(
    'next-note',
    next !== null ? times.format(new Date(next)) : last !== null ? `last success ${times.format(new Date(last))}` : '',
  );
};

/** @param {readonly number[]} values */
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

/** @param {readonly number[]} values @param {number} highest @param {number} most */
const points = (values, highest, most) => {
  const step = CHART_WIDTH / (most - 1);
  const height = CHART_HEIGHT - CHART_TOP - CHART_BOTTOM;
  const first = most - values.length;
  return values.map((value, index) => {
    const x = (first + index) * step;
    const y = CHART_TOP + height * (1 - (highest > 0 ? value / highest : 0));
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
};

/** @param {any} status */
const showChart = ({ throughput, phase }) => {
  const isFetching = phase === 'downloading';
  /** @type {readonly number[]} */
  const values = (isFetching ? throughput.downloaded_bytes : throughput.records).slice(-MOST_POINTS);
  const most = Math.max(LEAST_POINTS, values.length);
  /** @param {number} value */
  const unit = (value) => (isFetching ? `${size(value)}/s` : `${shortNumbers.format(value)} records/s`);
  const highest = Math.max(0, ...values);
  const line = points(values, highest, most);
  const base = CHART_HEIGHT - CHART_BOTTOM;
  const [from] = (line[0] ?? '0,0').split(',');
  const isLine = line.length > 1;
  byId('chart-line').setAttribute('d', isLine ? `M${line.join('L')}` : '');
  byId('chart-area').setAttribute('d', isLine ? `M${from},${base}L${line.join('L')}L${CHART_WIDTH},${base}Z` : '');
  write('chart-from', `${duration(most * throughput.seconds_between)} ago`);
  write('chart-now', isLine ? `now ${unit(mean(values.slice(-RATE_POINTS)))}, at most ${unit(highest)}` : '');
  // The picture in words.
  const average = mean(values.slice(-LEAST_POINTS));
  write('chart-text', `${unit(average)} on average over the last minute, at most ${unit(highest)} in the last ten.`);
};

const drawGrid = () => {
  for (const part of [0, 0.5, 1]) {
    const line = document.createElementNS('http://www.w3.org/2000/svg', 'line');
    const y = String(CHART_TOP + (CHART_HEIGHT - CHART_TOP - CHART_BOTTOM) * part);
    for (const [name, value] of Object.entries({ x1: '0', x2: String(CHART_WIDTH), y1: y, y2: y })) {
      line.setAttribute(name, value);
    }
    byId('chart-grid').append(line);
  }
};

/** The rows by file, kept from one look to the next, so that bars move. @type {Map<string, ReturnType<typeof makeRow>>} */
const rows = new Map();
let rowsMade = 0;

/** @param {any} file */
const makeRow = (file) => {
  const item = make('li', 'file');
  const name = make('span', 'file-name', file.data_type);
  name.id = `file-${++rowsMade}`;
  const percent = make('span', 'file-percent');
  const head = make('div', 'file-head');
  head.append(name, make('span', 'file-path', file.file), percent);
  const bar = make('div', 'bar');
  const aria = { role: 'progressbar', 'aria-labelledby': name.id, 'aria-valuemin': '0', 'aria-valuemax': '100' };
  for (const [key, value] of Object.entries(aria)) bar.setAttribute(key, value);
  const fill = make('div', 'fill');
  bar.append(fill);
  const facts = make('p', 'file-facts');
  const error = make('p', 'file-facts bad');
  item.append(head, bar, facts, error);
  return { item, percent, bar, fill, facts, error };
};

/** @param {any} file @param {number} now @returns {[text: string, tone: string][]} */
const factsOf = (file, now) => {
  const { state, connection } = file;
  /** @type {[string, string][]} */
  const facts = [[STATES[state] ?? state, state === 'failed' ? 'bad' : '']];
  const total = file.size_bytes === null ? '' : size(file.size_bytes);
  const done = state === 'downloading' ? file.downloaded_bytes : file.read_bytes;
  const isMoving = state === 'downloading' || state === 'extracting';
  if (isMoving) facts.push([total ? `${size(done)} of ${total}` : size(done), '']);
  else if (total) facts.push([total, '']);
  if (file.confirmed > 0) facts.push([`${count(file.confirmed)} records delivered`, '']);
  if (file.records_per_second > 0) facts.push([`${count(file.records_per_second)} records/s`, '']);
  else if (file.bytes_per_second > 0) facts.push([`${size(file.bytes_per_second)}/s`, '']);
  const still = isMoving && file.last_progress_at !== null ? (now - Date.parse(file.last_progress_at)) / 1000 : 0;
  if (still > STILL_SECONDS) facts.push([`nothing has moved for ${duration(still)}`, 'warn']);
  if (file.seconds_left !== null) facts.push([`${duration(file.seconds_left)} left`, '']);
  const irregular = Object.entries(file.irregularities).map(([kind, times]) => `${kind} ${count(times)}`);
  if (irregular.length > 0) facts.push([`irregular: ${irregular.join(', ')}`, 'warn']);
  if (file.malformed > 0) facts.push([`${count(file.malformed)} malformed`, 'bad']);
  if (connection !== null && connection.condition !== 'publishing') {
    const what = connection.condition === 'blocked' ? 'the broker takes nothing' : 'no connection to the broker';
    facts.push([connection.reason ? `${what}: ${connection.reason}` : what, 'bad']);
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
    const row = rows.get(file.file) ?? makeRow(file);
    if (!rows.has(file.file)) byId('files').append(row.item);
    rows.set(file.file, row);
    row.item.dataset['state'] = file.state;
    const percent = isDone(file) ? 100 : Math.floor((file.progress ?? 0) * 1000) / 10;
    const facts = factsOf(file, Date.parse(now));
    row.fill.style.width = `${percent}%`;
    row.percent.textContent = `${percent.toFixed(percent === 0 || percent === 100 ? 0 : 1)} %`;
    row.bar.setAttribute('aria-valuenow', String(Math.floor(percent)));
    row.bar.setAttribute('aria-valuetext', `${Math.floor(percent)} %, ${facts[0]?.[0]}`);
    row.facts.replaceChildren(...facts.map(([text, tone]) => make('span', tone, text)));
    row.error.textContent = file.error ?? '';
    row.error.hidden = file.error === null;
  }
  for (const [file, row] of rows) {
    if (seen.has(file)) continue;
    row.item.remove();
    rows.delete(file);
  }
  byId('no-files').hidden = files.length > 0;
  write('files-note', files.length > 0 ? `${files.filter(isDone).length} of ${files.length} done` : '');
};

let shownProblems = '';

/** @param {any} status */
const showProblems = ({ problems, failures }) => {
  byId('no-problems').hidden = problems.length > 0;
  write('problems-note', failures > 1 ? `${failures} runs failed in a row` : '');
  const key = JSON.stringify(problems);
  if (key === shownProblems) return;
  shownProblems = key;
  byId('problems').replaceChildren(
    ...problems.map((/** @type {any} */ { at, code, message, file }) => {
      const head = make('p', 'problem-head');
      head.append(make('span', 'code', code), times.format(new Date(at)) + (file === null ? '' : ` · ${file}`));
      const item = make('li', 'problem');
      item.append(head, make('p', '', message));
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
  showProblems(status);
  byId('trigger').hidden = !status.can_trigger;
  const uptime = (Date.parse(status.now) - Date.parse(status.started_at)) / 1000;
  write('about', `Version ${status.version}, up for ${duration(uptime)}`);
};

let misses = 0;
let lastContact = Date.now();

const look = async () => {
  try {
    const answer = await fetch('status', { cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!answer.ok) throw new Error(`It answered ${answer.status}`);
    show(await answer.json());
    misses = 0;
    lastContact = Date.now();
    byId('contact').hidden = true;
    document.body.classList.remove('lost');
  } catch {
    misses++;
    if (misses < MISSES) return;
    const since = duration((Date.now() - lastContact) / 1000);
    write('contact', `No contact with the extractor for ${since}. What is shown here is old.`);
    byId('contact').hidden = false;
    document.body.classList.add('lost');
    document.title = 'No contact · discogs-extractor';
  }
};

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
const loop = async () => {
  clearTimeout(timer);
  await look();
  clearTimeout(timer);
  timer = setTimeout(loop, document.hidden ? POLL_HIDDEN_MS : POLL_MS);
};

/** @type {Record<number, string>} */
const TRIGGER_ANSWERS = {
  202: 'Started.',
  403: 'The token is not the right one.',
  409: 'A run is under way already.',
};

byId('trigger-form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const token = /** @type {HTMLInputElement} */ (byId('token'));
  const force = /** @type {HTMLInputElement} */ (byId('force'));
  try {
    const answer = await fetch('trigger', {
      method: 'POST',
      headers: { Authorization: `Bearer ${token.value}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ force_reprocess: force.checked }),
    });
    write('trigger-answer', TRIGGER_ANSWERS[answer.status] ?? `It answered ${answer.status}.`);
    if (answer.ok) token.value = '';
  } catch {
    write('trigger-answer', 'No answer came.');
  }
  void loop();
});

document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void loop();
});

drawGrid();
void loop();
