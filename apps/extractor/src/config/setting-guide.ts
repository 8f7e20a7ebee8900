import { SETTINGS, type Setting, type SettingName } from './settings.js';

/** What a setting is for, and its default in words where the value alone would not say it. */
interface Guide {
  readonly about: string;
  /** @default the value itself */
  readonly fallback?: string;
}

/** Settings that belong together, in the order in which a person meets them. */
interface GuideGroup {
  readonly title: string;
  readonly settings: Partial<Record<SettingName, Guide>>;
}

/** Every setting, in the groups of `--help` and of config.example.toml. */
export const SETTING_GUIDE = {
  general: {
    title: 'In general',
    settings: {
      discogsRoot: { about: 'folder of the dumps and of the progress; it must outlive the process' },
      periodicCheckDays: { about: 'days between two checks for a new dump' },
      dataTypes: { about: 'which of the four files to deliver', fallback: 'all four' },
      forceReprocess: { about: 'start again, whatever the state marker says' },
      maxWorkers: { about: 'threads that parse', fallback: 'number of CPU cores' },
    },
  },
  dump: {
    title: 'Where dumps come from',
    settings: {
      dumpSource: { about: 'auto (S3, and the web where S3 refuses), s3, web, or the path of a folder' },
      dumpVersion: { about: 'date of the dump, YYYYMMDD', fallback: 'the newest complete one' },
      keepVersions: { about: 'how many dumps stay in the folder' },
      webUrl: { about: 'the listing of dumps' },
      webGapSeconds: { about: 'least time between two requests to the website' },
      s3Bucket: { about: 'bucket of the dumps' },
      s3Region: { about: 'its region' },
      s3Endpoint: { about: 'another S3 server', fallback: 'none' },
    },
  },
  delivery: {
    title: 'Where records go',
    settings: {
      sink: { about: 'amqp, ndjson (files), or null (nowhere)' },
      amqpConnection: { about: 'RabbitMQ: amqp://user:password@host:5672/vhost', fallback: 'required for amqp' },
      amqpExchange: { about: 'topic exchange' },
      amqpQueues: { about: 'queues; {type} stands for the data type', fallback: 'graphinator and tableinator' },
      amqpQueueType: { about: 'classic, quorum or stream', fallback: "the virtual host's" },
      amqpQueueArguments: { about: 'further arguments of the queues, as JSON', fallback: 'none' },
      queueSize: { about: 'messages of each file that may be unconfirmed' },
      outputDirectory: { about: 'folder of the ndjson sink', fallback: 'ndjson in DISCOGS_ROOT' },
    },
  },
  limits: {
    title: 'Safety and progress',
    settings: {
      maxMalformedRecords: { about: 'malformed records above which a file fails' },
      minRecordsPercent: { about: 'a file with fewer records than this part of the last dump fails; 0: never' },
      stateSaveInterval: { about: 'records between two saves of the progress' },
      batchSize: { about: "messages that count as one batch in the progress's batches_sent" },
      stallWarningSeconds: { about: 'a file that stands still for so long is warned about' },
      progressLogInterval: { about: 'records between two progress lines of the log' },
      logLevel: { about: 'DEBUG, INFO, WARNING, ERROR or CRITICAL' },
    },
  },
  http: {
    title: 'HTTP: status page, /health, /ready, /metrics, /trigger',
    settings: {
      healthPort: { about: 'port; 0 takes a free one, off does without' },
      healthHost: { about: 'address to listen on', fallback: 'every address' },
      triggerToken: { about: 'secret of POST /trigger', fallback: 'none: it answers 403' },
    },
  },
} as const satisfies Record<string, GuideGroup>;

export type GuideGroupName = keyof typeof SETTING_GUIDE;

/** The settings of some groups as the lines of a help text. */
export const describeSettings = (names: readonly GuideGroupName[]): string => {
  const groups: readonly GuideGroup[] = names.map((name) => SETTING_GUIDE[name]);
  const rows = groups.map(({ title, settings }) => ({
    title,
    rows: (Object.entries(settings) as [SettingName, Guide][]).map(([name, guide]) => {
      const { env, fallback }: Setting<unknown> = SETTINGS[name];
      return { env, text: `${guide.about} (${guide.fallback ?? String(fallback())})` };
    }),
  }));
  const width = Math.max(...rows.flatMap((group) => group.rows.map(({ env }) => env.length))) + 2;
  return rows
    .map((group) =>
      [`${group.title}:`, ...group.rows.map(({ env, text }) => `  ${env.padEnd(width)}${text}`)].join('\n'),
    )
    .join('\n\n');
};
