import { join } from 'node:path';
import ts from 'typescript';
import { ROOT } from './workspace.js';

/** What a consumer's `tsconfig.json` says, apart from what is the same for all. */
export interface ConsumerOptions {
  readonly module: 'node16' | 'node20' | 'esnext';
  readonly moduleResolution: 'node16' | 'bundler';
  /** Has the types of a browser, next to those of Node. @default false */
  readonly dom?: boolean;
  /** Checks JavaScript files too. @default false */
  readonly checkJs?: boolean;
  /** Checks the declarations of the packages and their dependencies too, at the strictest settings. @default false */
  readonly checkDeclarations?: boolean;
}

const TYPE_ROOT = join(ROOT, 'node_modules/@types');

/** TypeScript's library and Node's types, parsed once for all checks with the same settings. */
const sharedFiles = new Map<string, ts.SourceFile | undefined>();

const isShared = (path: string): boolean => /\/node_modules\/(typescript|@types\/node|undici-types)\//.test(path);

/**
 * Type-checks files of a project and whatever they import, as `tsc` run there would. Returns TypeScript's complaints.
 * TypeScript's library and Node's types are taken to be right.
 */
export const findTypeErrors = (
  project: string,
  files: readonly string[],
  { module, moduleResolution, dom = false, checkJs = false, checkDeclarations = false }: ConsumerOptions,
): string[] => {
  const { options, errors } = ts.convertCompilerOptionsFromJson(
    {
      module,
      moduleResolution,
      target: 'es2022',
      lib: ['es2023', 'esnext.disposable', ...(dom ? ['dom', 'dom.iterable'] : [])],
      strict: true,
      exactOptionalPropertyTypes: checkDeclarations,
      noUncheckedIndexedAccess: checkDeclarations,
      allowJs: checkJs,
      checkJs,
      skipLibCheck: !checkDeclarations,
      noEmit: true,
      types: ['node'],
      typeRoots: [TYPE_ROOT],
    },
    project,
  );
  const host = ts.createCompilerHost(options);
  const parse = host.getSourceFile.bind(host);
  host.getCurrentDirectory = () => project;
  host.getSourceFile = (path, version, ...rest) => {
    if (!isShared(path)) return parse(path, version, ...rest);
    const key = JSON.stringify([module, moduleResolution, checkJs, path, version]);
    if (!sharedFiles.has(key)) sharedFiles.set(key, parse(path, version, ...rest));
    return sharedFiles.get(key);
  };
  const program = ts.createProgram({ rootNames: files.map((file) => join(project, file)), options, host });
  const diagnostics = [...errors, ...program.getOptionsDiagnostics(), ...program.getSyntacticDiagnostics()];
  for (const file of program.getSourceFiles()) {
    if (!isShared(file.fileName)) diagnostics.push(...program.getSemanticDiagnostics(file));
  }
  return diagnostics.map((diagnostic) => ts.formatDiagnostic(diagnostic, host));
};
