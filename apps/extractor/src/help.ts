import type { SettingGroupName } from './config/settings.js';
import { settingsHelp } from './config/settings-help.js';

const SETTINGS_INTRODUCTION = `The command line overrides the environment, which overrides the TOML file, which overrides the defaults (in brackets).
In TOML, the names are the same in lower case: see config.example.toml.
AMQP_CONNECTION_FILE and TRIGGER_TOKEN_FILE name files that hold the value.`;

const EXIT_STATUS = 'Exit status: 0 done, or stopped by a signal; 1 failed; 2 invalid configuration or usage.';

const sections = (examples: string, groups: readonly SettingGroupName[]): string => {
  const settings = groups.length > 0 ? [SETTINGS_INTRODUCTION, settingsHelp(groups)] : [];
  return `\n${[`Examples:\n${examples}`, ...settings, EXIT_STATUS].join('\n\n')}`;
};

/** What `--help` of a command shows after its options. */
export const HELP = {
  program: `
Examples:
  discogs-extractor parse discogs_20260101_labels.xml.gz --limit 3
  discogs-extractor run --once --source ./dumps --sink ndjson --output ./out
  AMQP_CONNECTION=amqp://user:password@localhost:5672/ DISCOGS_ROOT=./data discogs-extractor run

Run "discogs-extractor COMMAND --help" for details; "discogs-extractor run --help" lists every setting.`,
  run: sections(
    `  # deliver a dump from a folder to NDJSON files
  DISCOGS_ROOT=./data discogs-extractor run --once --source ./dumps --sink ndjson --output ./out

  # run as a service: deliver the newest dump to RabbitMQ, then each new one
  AMQP_CONNECTION=amqp://user:password@localhost:5672/ DISCOGS_ROOT=./data discogs-extractor run

  # deliver a dump again
  discogs-extractor run --once --dump-version 20260101 --force-reprocess

SIGTERM, SIGINT (Ctrl-C) or SIGHUP stops it within 5 seconds, and the next run resumes there; a second signal ends it
immediately. While it runs, http://localhost:8000/ shows its progress.`,
    ['general', 'dump', 'delivery', 'progress', 'http'],
  ),
  download: sections(
    `  DISCOGS_ROOT=./data discogs-extractor download
  DISCOGS_ROOT=./data discogs-extractor download --dump-version 20260101 --types artists,labels

It resumes interrupted downloads and accepts a file only if its SHA-256 is the published one.
It honours HTTP_PROXY, HTTPS_PROXY and NO_PROXY.`,
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

It only reads, so you can use it while an extractor runs.`,
    [],
  ),
} as const;
