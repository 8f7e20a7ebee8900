import { describeSettings, type GuideGroupName } from './config/setting-guide.js';

const ORDER = `Settings come from the command line, the environment, a TOML file (the same names in lower case;
config.example.toml has them all) and the defaults, in this order. (In brackets: the default.)
AMQP_CONNECTION_FILE and TRIGGER_TOKEN_FILE name files that hold the value.`;

const STATUS = 'Exit status: 0 done, or stopped by a signal; 1 failed; 2 bad configuration or usage.';

const sections = (examples: string, groups: readonly GuideGroupName[]): string => {
  const settings = groups.length > 0 ? [ORDER, describeSettings(groups)] : [];
  return `\n${[`Examples:\n${examples}`, ...settings, STATUS].join('\n\n')}`;
};

/** What `--help` of a command says after its options. */
export const HELP = {
  program: `
Examples:
  discogs-extractor parse discogs_20260101_labels.xml.gz --limit 3
  discogs-extractor run --once --source ./dumps --sink ndjson --output ./out
  AMQP_CONNECTION=amqp://user:password@localhost:5672/ DISCOGS_ROOT=./data discogs-extractor run

discogs-extractor COMMAND --help tells more of a command; that of run lists all settings.`,
  run: sections(
    `  # a dump that lies in a folder, into NDJSON files
  DISCOGS_ROOT=./data discogs-extractor run --once --source ./dumps --sink ndjson --output ./out

  # the service: the newest dump from Discogs into RabbitMQ, then each new one
  AMQP_CONNECTION=amqp://user:password@localhost:5672/ DISCOGS_ROOT=./data discogs-extractor run

  # deliver a dump again
  discogs-extractor run --once --dump-version 20260101 --force-reprocess

SIGTERM, SIGINT (Ctrl-C) and SIGHUP stop it within 5 seconds, and the next run goes on from there; a second one
ends it at once. While it runs, http://localhost:8000/ shows how far it is.`,
    ['general', 'dump', 'delivery', 'limits', 'http'],
  ),
  download: sections(
    `  DISCOGS_ROOT=./data discogs-extractor download
  DISCOGS_ROOT=./data discogs-extractor download --dump-version 20260101 --types artists,labels

It goes on where a transfer was cut off, and believes a file only when its SHA-256 is the published one.
HTTP_PROXY, HTTPS_PROXY and NO_PROXY are honoured.`,
    ['dump'],
  ),
  parse: sections(
    `  discogs-extractor parse discogs_20260101_labels.xml.gz --limit 3
  discogs-extractor parse discogs_20260101_releases.xml.gz | jq --compact-output '[.id, .title]'
  gunzip --stdout labels.xml.gz | discogs-extractor parse - --type labels --output labels.ndjson

It needs no configuration and keeps no state.`,
    [],
  ),
  status: sections(
    `  DISCOGS_ROOT=./data discogs-extractor status
  DISCOGS_ROOT=./data discogs-extractor status --json | jq .summary.overall_status

It only looks, and so may run beside an extractor.`,
    [],
  ),
} as const;
