import type { SettingGroupName } from './config/settings.js';
import { settingsHelp } from './config/settings-help.js';

const SETTINGS_INTRODUCTION = `The command line overrides the environment, which overrides the TOML file, which overrides the defaults (in brackets).
In TOML, the names are the same in lower case: see config.example.toml.
AMQP_CONNECTION_FILE, TRIGGER_TOKEN_FILE and the like name files that hold the value.`;

const EXIT_STATUS = 'Exit status: 0 done, or stopped by a signal; 1 failed; 2 invalid configuration or usage.';

const sections = (examples: string, groups: readonly SettingGroupName[], exitStatus = EXIT_STATUS): string => {
  const settings = groups.length > 0 ? [SETTINGS_INTRODUCTION, settingsHelp(groups)] : [];
  return `\n${[`Examples:\n${examples}`, ...settings, exitStatus].join('\n\n')}`;
};

/** What `--help` of a command shows after its options. */
export const HELP = {
  program: `
Examples:
  discogs-extractor parse discogs_20260101_labels.xml.gz --limit 3
  discogs-extractor run --once --source ./dumps --sink ndjson --output ./out
  AMQP_CONNECTION=amqp://user:password@localhost:5672/ discogs-extractor run --data ./data
  discogs-extractor status --data ./data

Run "discogs-extractor COMMAND --help" for details; "discogs-extractor run --help" lists every setting.
Without a command, "run" is meant.`,
  run: sections(
    `  # deliver a dump from a folder to NDJSON files
  discogs-extractor run --once --data ./data --source ./dumps --sink ndjson --output ./out

  # run as a service: deliver the newest dump to RabbitMQ, then each new one
  AMQP_CONNECTION=amqp://user:password@localhost:5672/ discogs-extractor run --data ./data

  # find out whether a run can work, without downloading or delivering anything
  discogs-extractor run --check --data ./data

  # deliver a dump again
  discogs-extractor run --once --dump-version 20260101 --force-reprocess

SIGTERM, SIGINT (Ctrl-C) or SIGHUP stops it within 5 seconds, and the next run resumes there; a second signal ends it
immediately, with status 128 + its number. While it runs, http://localhost:8000/ shows its progress.`,
    ['general', 'dump', 'delivery', 'contract', 'changes', 'quality', 'progress', 'http'],
  ),
  download: sections(
    `  discogs-extractor download --data ./data
  discogs-extractor download --data ./data --dump-version 20260101 --types artists,labels

It resumes interrupted downloads and accepts a file only if its SHA-256 is the published one.
It honours HTTP_PROXY, HTTPS_PROXY and NO_PROXY.`,
    ['dump'],
  ),
  parse: sections(
    `  discogs-extractor parse discogs_20260101_labels.xml.gz --limit 3
  discogs-extractor parse discogs_20260101_releases.xml.gz | jq --compact-output '[.id, .title]'
  discogs-extractor parse discogs_2026*_artists.xml.gz --shape clean --output artists.ndjson.gz
  gunzip --stdout labels.xml.gz | discogs-extractor parse - --type labels --output labels.ndjson

It needs no configuration and keeps no state. Standard error gets all messages, and in a terminal the progress.
SIGTERM, SIGINT (Ctrl-C) or SIGHUP stops it: the output then ends after a whole line, and the exit status is 128 plus
the signal's number, such as 130 for Ctrl-C. A second signal, or a reader that takes nothing for a second, ends it
immediately.`,
    [],
    'Exit status: 0 done; 1 something was not read or not written; 2 invalid usage; 128 and more stopped by a signal.',
  ),
  inspect: sections(
    `  discogs-extractor inspect discogs_20260101_labels.xml.gz
  discogs-extractor inspect discogs_20260201_labels.xml.gz --against discogs_20260101_labels.xml.gz
  discogs-extractor inspect discogs_20260201_labels.xml.gz --against 20260101 --data ./data
  discogs-extractor inspect discogs_20260101_labels.xml.gz --json > labels.json

For each path, the table has the records with it, their share of all, how often it repeats at most in one element, what
it holds (text, elements, attributes alone, or nothing), and the id of the first record with it. In a terminal, paths
are shown as a tree. A saved .json file can take the place of either dump.
A version is looked for in DISCOGS_ROOT: the inventory that a run saved, or the dump.`,
    [],
    'Exit status: 0 done; 1 something was not read; 2 invalid usage; 128 and more stopped by a signal.',
  ),
  diff: sections(
    `  discogs-extractor diff discogs_20260101_labels.xml.gz discogs_20260201_labels.xml.gz
  discogs-extractor diff ./january ./february --types artists,labels --output changes.ndjson.gz
  discogs-extractor diff 20260101 20260201 | jq 'select(.type == "deleted") | .id'

The lines of a data type are {"type":"added"|"changed"|"deleted","data_type":…,"id":…} in the order of ids, with "sha256",
"last_sha256" and, for changed records, the names of the "members" that differ; then one "summary". Records may be in any
order, and of repeated ids the last one counts. Of a folder, the newest version is compared. Memory does not depend on the
size of the dumps; hashes are kept in a temporary folder meanwhile (TMPDIR), about 72 bytes per record.`,
    [],
    'Exit status: 0 done; 1 something was not compared; 2 invalid usage; 128 and more stopped by a signal.',
  ),
  list: sections(
    `  discogs-extractor list
  discogs-extractor list --source ./dumps
  discogs-extractor list --dump-version 20110101 --json

A dump is complete if it has its CHECKSUM file and all four data files. The exit status is 1 if there is no dump, or not
the one of --dump-version.`,
    ['dump'],
  ),
  health: sections(
    `  discogs-extractor health
  docker run … --health-cmd 'node /app/apps/extractor/dist/cli.js health'

It reads HEALTH_PORT and HEALTH_HOST as the service does. If HEALTH_PORT is off or 0, there is nothing to check.`,
    ['http'],
  ),
  status: sections(
    `  discogs-extractor status --data ./data
  discogs-extractor status --data ./data --json | jq .summary.overall_status
  discogs-extractor status --data ./data --exit-code > /dev/null || echo 'not delivered yet'

It only reads, so you can use it while an extractor runs. Without a state marker, --json prints null.`,
    [],
  ),
  verify: sections(
    `  discogs-extractor verify --data ./data
  discogs-extractor verify --data ./data --dump-version 20260101 --json

It only reads. A queue whose messages consumers have taken can be verified with AMQP_MANAGEMENT_URL.`,
    [],
    'Exit status: 0 everything that was delivered is there; 1 something is missing or cannot be known; 2 invalid usage.',
  ),
} as const;
