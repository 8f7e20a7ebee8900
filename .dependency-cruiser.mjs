// Checks how modules may depend on each other: no cycles, libraries that stay independent, and folders that import only
// from folders before them in the order in which data flows. Run by `npm run lint`.
//
// FOLDER_ORDER lists, per package, the files at the root of `src` that every folder may import (the vocabulary), then
// the folders in order. Files at the root that are not listed are entry points: they may import everything, and no
// folder imports them. docs/architecture.md says what each folder is for.

const FOLDER_ORDER = {
  'packages/parser': {
    vocabulary: ['data-type', 'errors', 'option-checks', 'options', 'reading', 'record-inventory', 'reports'],
    folders: [
      'record',
      'platform',
      'inventory',
      'known-format',
      'document',
      'strict',
      'kernel',
      'pack',
      'block',
      'transform',
      'gzip',
      'input',
      'parallel',
      'read',
      'shape',
    ],
  },
  'packages/publisher': {
    vocabulary: [
      ...['errors', 'events', 'options', 'publisher', 'resolve-options', 'resolved-topology', 'partitions', 'murmur3'],
      ...['amqp-table', 'broker-address', 'deferred', 'message-properties', 'redact', 'reply-code', 'short-string'],
    ],
    folders: ['window', 'wire', 'topology', 'connection'],
  },
  'packages/downloader': {
    vocabulary: [
      ...['dump-source', 'errors', 'events', 'names', 'option-checks', 'options'],
      ...['read-chunks', 'retry'],
    ],
    folders: ['http', 'sources', 'plan', 'storage', 'transfer'],
  },
  'packages/state-marker': {
    vocabulary: ['errors', 'marker', 'option-checks', 'version'],
    folders: ['transitions', 'store', 'decide', 'session', 'wait'],
  },
  'packages/data-quality': {
    vocabulary: ['data-type', 'errors', 'finding', 'option-checks', 'rules'],
    folders: ['regex', 'rules-file', 'transform', 'counts', 'flagged', 'drift'],
  },
  'packages/changes': {
    vocabulary: ['errors', 'option-checks', 'record-id', 'sha256'],
    folders: ['database', 'ids', 'pass', 'compare'],
  },
  'apps/extractor': {
    vocabulary: ['advice', 'count-of', 'errors'],
    folders: [
      ...['config', 'system', 'drift', 'events', 'sources', 'changes', 'sinks', 'pipeline'],
      ...['status', 'report', 'verify', 'http', 'service', 'commands'],
    ],
  },
};

const escaped = (text) => text.replaceAll(/[/.]/g, '\\$&');

const folderRules = Object.entries(FOLDER_ORDER).flatMap(([root, { vocabulary, folders }]) => {
  const src = `^${escaped(root)}/src/`;
  const rootFile = '[^/]+\\.(?:ts|js)$';
  const isVocabulary = `${src}(?:${vocabulary.join('|')})\\.ts$`;
  return [
    {
      name: `folder-order: ${root}, vocabulary`,
      comment: 'The vocabulary at the root of src imports no folder and no entry point.',
      severity: 'error',
      from: { path: isVocabulary },
      to: { path: src, pathNot: isVocabulary },
    },
    {
      name: `folder-order: ${root}, entry points`,
      comment: 'A folder imports no entry point: put what it needs into a folder, or add it to the vocabulary.',
      severity: 'error',
      from: { path: `${src}[^/]+/` },
      to: { path: `${src}${rootFile}`, pathNot: isVocabulary },
    },
    {
      name: `folder-order: ${root}, every folder is listed`,
      comment: 'Add the folder to FOLDER_ORDER in .dependency-cruiser.mjs, at its place in the flow of data.',
      severity: 'error',
      from: { path: `${src}(?!(?:${folders.join('|')})/)[^/]+/` },
      to: {},
    },
    ...folders.slice(0, -1).map((folder, index) => ({
      name: `folder-order: ${root}, ${folder}`,
      comment: `${folder}/ imports only from the folders before it.`,
      severity: 'error',
      from: { path: `${src}${folder}/` },
      to: { path: `${src}(?:${folders.slice(index + 1).join('|')})/` },
    })),
  ];
});

export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'A cycle of imports, type imports included, cannot be read from one end to the other.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'libraries-are-independent',
      comment: 'Published libraries import nothing of each other. Compose them in apps/extractor.',
      severity: 'error',
      from: { path: '^packages/([^/]+)/src/' },
      to: {
        path: ['^packages/', '^apps/', '^@discogs-extractor/'],
        pathNot: ['^packages/$1/', '^packages/internal/', '^@discogs-extractor/internal/'],
      },
    },
    {
      name: 'internal-is-a-leaf',
      comment: 'packages/internal is bundled into every library and imports none of them.',
      severity: 'error',
      from: { path: '^packages/internal/' },
      to: { path: '^(packages|apps|tools)/', pathNot: '^packages/internal/' },
    },
    {
      name: 'sources-import-no-tests',
      severity: 'error',
      from: { path: '/src/' },
      to: { path: '/(test|bench)/' },
    },
    ...folderRules,
  ],
  options: {
    doNotFollow: { path: 'node_modules|/dist/' },
    exclude: { path: '\\.generated\\.ts$' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
};
