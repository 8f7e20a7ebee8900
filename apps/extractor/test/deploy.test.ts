import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateDump } from '@discogs-extractor/sample-dumps';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import ts from 'typescript';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { SETTINGS } from '../src/config/settings.js';
import { startCli, statusUrlOf } from './kit/cli.js';
import { promtool } from './kit/promtool.js';
import { RABBITMQ_CLUSTER_SCHEMA, type RabbitmqCluster } from './kit/rabbitmq-cluster.js';

const DEPLOY = fileURLToPath(new URL('../../../deploy', import.meta.url));
/** The Compose specification's own schema, as dclint carries it. */
const COMPOSE_SCHEMA = new URL('../node_modules/dclint/schemas/compose.schema.json', import.meta.url);

const deployed = (path: string): Promise<string> => readFile(join(DEPLOY, path), 'utf8');

const isSetting = (name: string): boolean => {
  const names = Object.values(SETTINGS).flatMap(({ env, ...rest }) =>
    'secret' in rest ? [env, `${env}_FILE`] : [env],
  );
  return (names as string[]).includes(name);
};

interface ComposeService {
  command?: string[];
  environment?: Record<string, string>;
  volumes?: string[];
  build?: { context: string; dockerfile: string };
}

describe('compose.yaml', () => {
  let compose: { services: Record<string, ComposeService> };
  beforeAll(async () => {
    compose = parse(await deployed('compose.yaml'));
  });

  it.each(['compose.yaml', 'discogsography.yaml'])('%s fits the Compose specification', async (name) => {
    const compose = parse(await deployed(name));
    const schema = JSON.parse(await readFile(COMPOSE_SCHEMA, 'utf8'));
    const ajv = new Ajv.default({ strict: false, allErrors: true });
    addFormats.default(ajv);
    const validate = ajv.compile({ ...schema, $schema: undefined });
    expect(validate({ ...compose, services: { a: { imagee: 'x' } } })).toBe(false);
    validate(compose);
    expect(validate.errors).toBeNull();
  });

  it('takes the password as it is and percent-encoded', async () => {
    const { rabbitmq, extractor } = compose.services;
    // Interpolates as Compose does: `${A:-default}`, `${A:?error}`, nested.
    const interpolate = (text: string, env: Record<string, string>): string => {
      const inner = text.replace(
        /\$\{(\w+)(?::([-?])([^${}]*))?\}/g,
        (_, name, kind, rest) => env[name] || (kind === '-' ? rest : ''),
      );
      return inner === text ? text : interpolate(inner, env);
    };
    const settings = (env: Record<string, string>) => [
      interpolate(rabbitmq!.environment!['RABBITMQ_DEFAULT_PASS']!, env),
      new URL(interpolate(extractor!.environment!['AMQP_CONNECTION']!, env)).password,
    ];
    expect(settings({ RABBITMQ_PASSWORD: 'simple' })).toEqual(['simple', 'simple']);
    const [RABBITMQ_PASSWORD, RABBITMQ_PASSWORD_ENCODED] = ['p@ss/#%', encodeURIComponent('p@ss/#%')] as const;
    expect(settings({ RABBITMQ_PASSWORD, RABBITMQ_PASSWORD_ENCODED })).toEqual([
      RABBITMQ_PASSWORD,
      RABBITMQ_PASSWORD_ENCODED,
    ]);
    for (const name of Object.keys({ RABBITMQ_PASSWORD, RABBITMQ_PASSWORD_ENCODED })) {
      expect(await deployed('.env.example')).toContain(`\n${name}=`);
    }
  });

  it('uses existing files and settings only', async () => {
    const { extractor, prometheus, grafana } = compose.services;
    for (const volume of [...prometheus!.volumes!, ...grafana!.volumes!].filter((one) => one.startsWith('.'))) {
      await stat(join(DEPLOY, volume.split(':')[0]!));
    }
    await stat(join(DEPLOY, extractor!.build!.context, extractor!.build!.dockerfile));
    for (const name of Object.keys(extractor!.environment!)) expect([name, isSetting(name)]).toEqual([name, true]);
    const example = await deployed('.env.example');
    const text = await deployed('compose.yaml');
    for (const [, name] of text.matchAll(/\$\{(\w+):[?]/g)) expect(example).toContain(`${name}=`);
  });
});

describe('discogsography.yaml', () => {
  it('starts a run under the contract of the platform, whose admin page can start another one', async () => {
    const { services } = parse(await deployed('discogsography.yaml'));
    const { command, environment } = services['extractor-discogs'] as Required<ComposeService>;
    for (const name of Object.keys(environment)) expect([name, isSetting(name)]).toEqual([name, true]);
    const folder = await mkdtemp(join(tmpdir(), 'platform-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const dumps = join(folder, 'dumps');
    await generateDump({ directory: dumps, version: '20260101', seed: 5, records: 20 });
    const rules = join(folder, 'extraction-rules.yaml');
    await writeFile(rules, 'skip_records:\n  artists:\n    - { field: profile, contains: do not use, reason: junk }\n');
    const replaced = {
      DATA_QUALITY_RULES: rules,
      RABBITMQ_HOST: 'rabbitmq',
      DISCOGS_ROOT: join(folder, 'data'),
      SINK: 'null',
      DUMP_SOURCE: dumps,
    };
    const cli = startCli(command, { env: { ...environment, ...replaced, HEALTH_PORT: '0' } });
    onTestFinished(async () => {
      cli.process.kill('SIGTERM');
      await cli.ended;
    });
    await cli.says('CONTRACT=fanout is in force');
    await cli.says('extraction_complete sent');
    await cli.says('Next run at');
    const response = await fetch(new URL('/trigger', await statusUrlOf(cli)), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{"force_reprocess": true}',
    });
    expect(response.status).toBe(202);
  });
});

interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
  data?: Record<string, string>;
}

const SINGLE = ['ConfigMap', 'Secret', 'Service', 'StatefulSet'];
const CLUSTER = [
  ...['ConfigMap', 'Deployment', 'NetworkPolicy', 'NetworkPolicy', 'PersistentVolumeClaim', 'PodDisruptionBudget'],
  ...['RabbitmqCluster', 'Service', 'ServiceMonitor', 'ServiceMonitor'],
];

const readManifests = async (folder: string): Promise<Manifest[]> => {
  const manifests: Manifest[] = [];
  for (const name of await readdir(join(DEPLOY, folder))) {
    if (!name.endsWith('.yaml')) continue;
    for (const document of parseAllDocuments(await deployed(`${folder}/${name}`))) {
      expect(document.errors).toEqual([]);
      manifests.push(document.toJS());
    }
  }
  return manifests;
};

describe.each([
  ['kubernetes', SINGLE],
  ['kubernetes/cluster', CLUSTER],
])('The manifests in %s', (path, kinds) => {
  let manifests: Manifest[];
  beforeAll(async () => {
    manifests = await readManifests(path);
  });

  const isOfOperator = ({ apiVersion }: Manifest): boolean => apiVersion.startsWith('rabbitmq.com/');
  const moduleOf = ({ apiVersion, kind }: Manifest): string =>
    apiVersion.startsWith('monitoring.coreos.com/')
      ? `@kubernetes-models/prometheus-operator/${apiVersion}/${kind}`
      : `kubernetes-models/${apiVersion}/${kind}`;

  /** A cluster's parts that the operator hands to Kubernetes as they are, as a pod. */
  const podOf = ({ spec: { affinity, tolerations, resources } }: RabbitmqCluster): Manifest =>
    ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'rabbitmq' },
      spec: { affinity, tolerations, containers: [{ name: 'rabbitmq', resources }] },
    }) as Manifest;

  const ofKubernetes = (): Manifest[] =>
    manifests.map((manifest) => (isOfOperator(manifest) ? podOf(manifest as RabbitmqCluster) : manifest));

  it('fit the schemas of the Kubernetes API and of the operators', async () => {
    expect(manifests.map(({ kind }) => kind).sort()).toEqual(kinds);
    for (const manifest of ofKubernetes()) {
      const model = (await import(moduleOf(manifest)))[manifest.kind];
      new model(manifest).validate();
      expect(() => new model({ ...manifest, metadata: { name: 1 } }).validate()).toThrow();
    }
    const validate = new Ajv.default({ allErrors: true }).compile(RABBITMQ_CLUSTER_SCHEMA);
    for (const manifest of manifests.filter(isOfOperator)) {
      validate(manifest);
      expect(validate.errors).toBeNull();
      const { spec } = manifest as RabbitmqCluster;
      for (const wrong of [{ replica: 3 }, { replicas: '3' }, { rabbitmq: { additionalPlugins: ['a b'] } }]) {
        expect([wrong, validate({ ...manifest, spec: { ...spec, ...wrong } })]).toEqual([wrong, false]);
      }
      // A misspelled field, wherever it is; those of Kubernetes itself are the next test's.
      const misspell = (path: readonly string[]): void => {
        const copy = structuredClone(manifest) as object;
        const parent = path.slice(0, -1).reduce<object>((at, key) => Reflect.get(at, key) as object, copy);
        const field = path.at(-1)!;
        const value = Reflect.get(parent, field) as unknown;
        Reflect.deleteProperty(parent, field);
        Reflect.set(parent, `${field}s`, value);
        expect([path, validate(copy)]).toEqual([path, false]);
        const isOpen = Array.isArray(value) || ['labels', 'affinity', 'tolerations', 'resources'].includes(field);
        if (!isOpen && value instanceof Object) for (const key of Object.keys(value)) misspell([...path, key]);
      };
      for (const field of Object.keys(manifest)) misspell([field]);
    }
  });

  it('contain no unknown field', async () => {
    // The schemas accept unknown fields. The compiler rejects them in a literal of the type made from the schema.
    const problemsIn = async (all: readonly Manifest[]): Promise<string[]> => {
      const source = all.map(
        (manifest, index) =>
          `import type { I${manifest.kind} as T${index} } from ${JSON.stringify(moduleOf(manifest))};\n` +
          `export const m${index}: T${index} = ${JSON.stringify(manifest)};`,
      );
      // Next to this file, so that its imports are resolved.
      const path = fileURLToPath(new URL(`./manifests-${process.pid}.ts`, import.meta.url));
      const host = ts.createCompilerHost({});
      const readSource = host.getSourceFile.bind(host);
      host.getSourceFile = (name, version) =>
        name === path ? ts.createSourceFile(name, source.join('\n'), version) : readSource(name, version);
      const options = {
        strict: true,
        noEmit: true,
        types: [],
        skipLibCheck: true,
        module: ts.ModuleKind.NodeNext,
        moduleResolution: ts.ModuleResolutionKind.NodeNext,
      };
      const program = ts.createProgram([path], options, host);
      return ts
        .getPreEmitDiagnostics(program)
        .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
    };
    expect(await problemsIn(ofKubernetes())).toEqual([]);
    const misspelled = ofKubernetes().map((manifest) => ({
      ...manifest,
      metadata: { ...manifest.metadata, lables: {} },
    }));
    expect((await problemsIn(misspelled)).filter((text) => text.includes('lables'))).toHaveLength(manifests.length);
  });
});

describe('The manifests of a single node', () => {
  let manifests: Manifest[];
  beforeAll(async () => {
    manifests = await readManifests('kubernetes');
  });

  it('are consistent with each other and use existing settings only', () => {
    const text = JSON.stringify(manifests);
    const stateful = manifests.find(({ kind }) => kind === 'StatefulSet') as unknown as {
      spec: {
        template: {
          metadata: { labels: object };
          spec: {
            containers: [
              {
                env: {
                  name: string;
                  value?: string;
                  valueFrom?: { secretKeyRef: { name: string; key: string; optional?: boolean } };
                }[];
                volumeMounts: { name: string }[];
              },
            ];
            volumes: { name: string; secret?: { items: { key: string }[] } }[];
          };
        };
        serviceName: string;
        selector: { matchLabels: object };
        volumeClaimTemplates: { metadata: { name: string } }[];
      };
    };
    const { template, selector, volumeClaimTemplates } = stateful.spec;
    expect(template.metadata.labels).toEqual(selector.matchLabels);
    const volumes = [
      ...template.spec.volumes.map(({ name }) => name),
      ...volumeClaimTemplates.map(({ metadata }) => metadata.name),
    ];
    expect(template.spec.containers[0].volumeMounts.map(({ name }) => name).sort()).toEqual(volumes.sort());
    const config = manifests.find(({ kind }) => kind === 'ConfigMap')!.data!;
    const names = [...Object.keys(config), ...template.spec.containers[0].env.map(({ name }) => name)];
    for (const name of names) expect([name, isSetting(name)]).toEqual([name, true]);
    const secret = manifests.find(({ kind }) => kind === 'Secret') as unknown as { stringData: Record<string, string> };
    const files = template.spec.volumes.flatMap(({ secret: mounted }) => mounted?.items ?? []).map(({ key }) => key);
    for (const { value, valueFrom } of template.spec.containers[0].env) {
      const key = valueFrom?.secretKeyRef.key ?? value!.split('/').at(-1)!;
      expect(Object.keys(secret.stringData)).toContain(key);
      // A secret without the optional key must not keep the pod from starting.
      if (valueFrom === undefined) expect(files).toContain(key);
      else expect(valueFrom.secretKeyRef.optional).toBe(true);
    }
    const service = manifests.find(({ kind }) => kind === 'Service') as unknown as { spec: object };
    expect(service.spec).toMatchObject({ clusterIP: 'None', publishNotReadyAddresses: true });
    expect(stateful.spec.serviceName).toBe((service as unknown as Manifest).metadata.name);
    expect(text).toContain('"path":"/health"');
    expect(text).toContain('"path":"/ready"');
  });
});

describe('The manifests of a cluster', () => {
  it('are consistent with each other and with the single node', async () => {
    const manifests = await readManifests('kubernetes/cluster');
    const named = <T>(kind: string, name: string): T =>
      manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name) as T;
    interface Env {
      name: string;
      value?: string;
      valueFrom?: { secretKeyRef: { name: string } };
    }
    interface Pods {
      spec: {
        selector: { matchLabels: object };
        template: {
          metadata: { labels: Record<string, string> };
          spec: {
            containers: [{ env: Env[]; image: string; readinessProbe: object; volumeMounts: object[] }];
            volumes: { name: string; persistentVolumeClaim: { claimName: string } }[];
          };
        };
      };
    }
    const { spec } = named<Pods>('Deployment', 'discogs-extractor');
    const { labels } = spec.template.metadata;
    const [container] = spec.template.spec.containers;
    expect(labels).toEqual(spec.selector.matchLabels);
    expect(container.volumeMounts).toEqual([{ name: 'data', mountPath: '/discogs-data' }]);
    const claim = named<{ spec: object }>('PersistentVolumeClaim', 'discogs-data');
    expect(spec.template.spec.volumes).toEqual([
      { name: 'data', persistentVolumeClaim: { claimName: 'discogs-data' } },
    ]);
    expect(claim.spec).toMatchObject({ accessModes: ['ReadWriteMany'] });
    const { data } = named<{ data: Record<string, string> }>('ConfigMap', 'discogs-extractor');
    expect(data).toMatchObject({ WAIT_FOR_LOCK: 'true', DISCOGS_ROOT: '/discogs-data', AMQP_QUEUE_TYPE: 'quorum' });
    // The Service leads to ready pods only, and a standby is not ready.
    const service = named<{ spec: object }>('Service', 'discogs-extractor');
    expect(service.spec).toMatchObject({ selector: labels });
    expect(service.spec).not.toHaveProperty('publishNotReadyAddresses');
    expect(container.readinessProbe).toMatchObject({ httpGet: { path: '/ready' } });

    // The operator names nodes, their Service and the Secret after the cluster.
    const cluster = named<RabbitmqCluster>('RabbitmqCluster', 'rabbitmq');
    const env = Object.fromEntries(container.env.map((each) => [each.name, each]));
    for (const name of Object.keys(env).filter((each) => !each.startsWith('BROKER_'))) {
      expect([name, isSetting(name)]).toEqual([name, true]);
    }
    for (const name of Object.keys(data)) expect([name, isSetting(name)]).toEqual([name, true]);
    for (const name of ['BROKER_USER', 'BROKER_PASSWORD']) {
      expect(env[name]!.valueFrom!.secretKeyRef.name).toBe('rabbitmq-default-user');
    }
    // As Kubernetes replaces them: only variables that are defined before.
    const connection = env['AMQP_CONNECTION']!.value!.replace(/\$\((\w+)\)/g, (_, name: string) => name.toLowerCase());
    expect(SETTINGS.amqpConnection.schema.safeParse(connection).success).toBe(true);
    const nodes = connection.split(',').map((url) => new URL(url.trim()));
    expect(container.env.findIndex(({ name }) => name === 'AMQP_CONNECTION')).toBeGreaterThan(1);
    expect(nodes.map(({ hostname }) => hostname)).toEqual(
      Array.from({ length: cluster.spec.replicas }, (_, index) => `rabbitmq-server-${index}.rabbitmq-nodes`),
    );
    for (const { username, password } of nodes)
      expect([username, password]).toEqual(['broker_user', 'broker_password']);
    expect(cluster.spec.rabbitmq.additionalPlugins).toContain('rabbitmq_consistent_hash_exchange');
    expect(cluster.spec.rabbitmq.additionalConfig).toContain('cluster_partition_handling = pause_minority');

    const single = (await readManifests('kubernetes')).find(({ kind }) => kind === 'StatefulSet') as unknown as Pods;
    expect(single.spec.template.spec.containers[0].image).toBe(container.image);
    const budget = named<{ spec: { selector: object } }>('PodDisruptionBudget', 'rabbitmq');
    const policy = named<{ spec: { podSelector: object } }>('NetworkPolicy', 'rabbitmq');
    expect(budget.spec.selector).toEqual(policy.spec.podSelector);
    const monitor = named<{ spec: { selector: { matchLabels: object }; endpoints: object[] } }>(
      'ServiceMonitor',
      'discogs-extractor',
    );
    expect((service as unknown as { metadata: { labels: object } }).metadata.labels).toEqual(
      monitor.spec.selector.matchLabels,
    );
    expect(monitor.spec.endpoints).toMatchObject([{ port: 'http', path: '/metrics' }]);
  });
});

describe('Prometheus rules', () => {
  it('pass the checks of promtool, and their tests', async () => {
    expect(await promtool(['check', 'rules', join(DEPLOY, 'prometheus/alerts.yaml')])).toContain('SUCCESS');
    expect(await promtool(['check', 'config', '--syntax-only', join(DEPLOY, 'prometheus/prometheus.yaml')])).toContain(
      'SUCCESS',
    );
    for (const name of ['alerts.test.yaml', 'alerts-over-days.test.yaml']) {
      expect(await promtool(['test', 'rules', join(DEPLOY, 'prometheus', name)])).toContain('SUCCESS');
    }
  });

  it('are each tested with and without firing', async () => {
    const rules = parse(await deployed('prometheus/alerts.yaml')).groups[0].rules as { alert: string }[];
    const tests = parse(await deployed('prometheus/alerts.test.yaml')).tests as {
      alert_rule_test?: { alertname: string }[];
      promql_expr_test?: { exp_samples: { labels: string }[] }[];
    }[];
    const names = rules.map(({ alert }) => alert);
    expect(tests[0]!.alert_rule_test!.map(({ alertname }) => alertname)).toEqual(names);
    expect(tests[1]!.promql_expr_test![0]!.exp_samples.map(({ labels }) => /"(\w+)"/.exec(labels)![1])).toEqual(names);
  });
});

interface Panel {
  id: number;
  type: string;
  title: string;
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: { expr: string; datasource: { uid: string } }[];
}

describe('Grafana dashboard', () => {
  let panels: Panel[];
  beforeAll(async () => {
    ({ panels } = JSON.parse(await deployed('grafana/dashboard.json')));
  });

  it('has panels with unique ids that do not overlap', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const taken = new Map<string, string>();
    for (const { title, gridPos } of panels) {
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect([title, taken.get(`${x} ${y}`)]).toEqual([title, undefined]);
          taken.set(`${x} ${y}`, title);
        }
      }
    }
    for (const { targets = [], type } of panels) {
      if (type !== 'row') expect(targets.length).toBeGreaterThan(0);
      for (const { datasource } of targets) expect(datasource.uid).toMatch(/^\$\{datasource\}$/);
    }
  });

  it('contains valid PromQL only', async () => {
    const expressions = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    const rules = expressions.map((expr, index) => ({
      record: `panel_${index}`,
      expr: expr.replaceAll('$__rate_interval', '1m').replaceAll('$job', 'a').replaceAll('$instance', 'b'),
    }));
    const folder = await mkdtemp(join(tmpdir(), 'dashboard-'));
    const path = join(folder, 'rules.yaml');
    await writeFile(path, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
    expect(await promtool(['check', 'rules', path])).toContain(`${expressions.length} rules found`);
    await rm(folder, { recursive: true });
  });
});

describe('metrics that dashboard and alerts use', () => {
  it('exist in the service, with these labels', async () => {
    const root = await mkdtemp(join(tmpdir(), 'metrics-'));
    const dumps = join(root, 'dumps');
    await generateDump({ directory: dumps, version: '20260101', seed: 51, records: 50 });
    const cli = startCli(['run', '--source', dumps], {
      env: { DISCOGS_ROOT: join(root, 'data'), SINK: 'null', HEALTH_PORT: '0' },
    });
    onTestFinished(async () => {
      cli.process.kill('SIGKILL');
      await cli.ended;
      await rm(root, { recursive: true, force: true });
    });
    await cli.says('🎉');
    const metrics = await (await fetch(`${await statusUrlOf(cli)}metrics`)).text();
    const known = new Set<string>();
    for (const [, name, type] of metrics.matchAll(/^# TYPE (\w+) (\w+)$/gm)) {
      const suffixes = type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
      for (const suffix of suffixes) known.add(name + suffix);
    }
    const labels = new Map<string, Set<string>>();
    for (const [, name, list = ''] of metrics.matchAll(/^(\w+)(?:\{(.*)\})? /gm)) {
      const all = labels.get(name!) ?? new Set();
      for (const [, label] of list.matchAll(/(\w+)="/g)) all.add(label!);
      labels.set(name!, all);
    }

    const documents = (await deployed('prometheus/alerts.yaml')) + (await deployed('grafana/dashboard.json'));
    const names = [...documents.matchAll(/\b(?:discogs_extractor|process|nodejs)_\w+/g)].map(([name]) => name);
    expect(names.length).toBeGreaterThan(60);
    expect([...new Set(names)].filter((name) => !known.has(name))).toEqual([]);
    // Prometheus adds job and instance.
    for (const [, name, list] of documents.matchAll(/\b((?:discogs_extractor|process|nodejs)_\w+)\{([^}]*)\}/g)) {
      if (!labels.get(name!)?.size) continue;
      const wanted = [...list!.matchAll(/(\w+)=~?\\?"/g)].map(([, label]) => label!);
      for (const label of wanted.filter((one) => one !== 'job' && one !== 'instance')) {
        expect([name, label, labels.get(name!)!.has(label)]).toEqual([name, label, true]);
      }
    }
  });
});
