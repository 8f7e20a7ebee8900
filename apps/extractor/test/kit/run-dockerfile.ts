import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import {
  type Copy,
  type Dockerfile,
  DockerfileParser,
  type Env,
  type From,
  type JSONInstruction,
} from 'dockerfile-ast';

const run = promisify(execFile);

/** Its types declare a default export that the module does not have. */
export const dockerignore = createRequire(import.meta.url)(
  '@balena/dockerignore',
) as typeof import('@balena/dockerignore').default;

/** An image without Docker: a folder instead of its root, and how it is started. */
export interface ScratchImage {
  /** Folder instead of `/`. */
  readonly root: string;
  readonly user: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly healthCheck: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly baseImages: readonly string[];
}

/**
 * Copies the files that Docker would get: those that git tracks or does not ignore, without those of `.dockerignore`.
 */
const copyContext = async (repository: string, to: string): Promise<void> => {
  const { stdout } = await run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: repository,
    maxBuffer: 64 << 20,
  });
  const ignore = dockerignore().add(await readFile(join(repository, '.dockerignore'), 'utf8'));
  for (const path of ignore.filter(stdout.split('\0').filter((name) => name !== ''))) {
    await mkdir(join(to, dirname(path)), { recursive: true });
    // A file that is deleted but not committed is not part of the context.
    await cp(join(repository, path), join(to, path)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }
};

/**
 * Executes a Dockerfile without Docker: each stage gets a folder instead of its root, COPY copies files, and RUN runs
 * on this machine in the stage's working directory. RUN lines must not use absolute paths, since they would leave the
 * folder.
 */
export const runDockerfile = async (path: string, repository: string, scratch: string): Promise<ScratchImage> => {
  const dockerfile: Dockerfile = DockerfileParser.parse(await readFile(path, 'utf8'));
  const context = join(scratch, 'context');
  await copyContext(repository, context);
  const stages = new Map<string, string>();
  const baseImages: string[] = [];
  let root = '';
  let directory = '/';
  let image: ScratchImage | undefined;

  for (const instruction of dockerfile.getInstructions()) {
    const args = instruction.getArguments().map((argument) => argument.getValue());
    switch (instruction.getKeyword()) {
      case 'FROM': {
        const from = instruction as From;
        const stage = from.getBuildStage() ?? 'final';
        root = join(scratch, `stage-${stage}`);
        directory = '/';
        await mkdir(root, { recursive: true });
        stages.set(stage, root);
        baseImages.push(from.getImage()!);
        image = { root, user: 'root', entrypoint: [], command: [], healthCheck: [], env: {}, baseImages };
        break;
      }
      case 'WORKDIR':
        directory = args[0]!;
        await mkdir(join(root, directory), { recursive: true });
        break;
      case 'ENV':
        image = {
          ...image!,
          env: {
            ...image!.env,
            ...Object.fromEntries(
              (instruction as Env).getProperties().map((property) => [property.getName(), property.getValue() ?? '']),
            ),
          },
        };
        break;
      case 'COPY': {
        const flag = (instruction as Copy).getFlags().find((one) => one.getName() === 'from');
        const source = flag ? stages.get(flag.getValue()!)! : context;
        const target = args.at(-1)!;
        for (const one of args.slice(0, -1)) {
          const isInto = target.endsWith('/') && one !== '.' ? join(target, one) : target;
          const to = isInto.startsWith('/') ? join(root, isInto) : join(root, directory, isInto);
          await cp(join(source, one), to, { recursive: true, verbatimSymlinks: true });
        }
        break;
      }
      case 'RUN': {
        const script = instruction.getRawArgumentsContent()!.replaceAll(/\\\r?\n/g, ' ');
        if (/(^|[\s"'=])\/\w/.test(script)) throw new Error(`RUN uses an absolute path: ${script}`);
        await run('/bin/sh', ['-ec', script], {
          cwd: join(root, directory),
          env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...image!.env },
          maxBuffer: 64 << 20,
        });
        break;
      }
      case 'USER':
        image = { ...image!, user: args[0]! };
        break;
      case 'ENTRYPOINT':
        image = { ...image!, entrypoint: jsonOf(instruction as JSONInstruction) };
        break;
      case 'CMD':
        image = { ...image!, command: jsonOf(instruction as JSONInstruction) };
        break;
      case 'HEALTHCHECK':
        image = {
          ...image!,
          healthCheck: JSON.parse(/CMD\s+(\[.*\])/s.exec(instruction.getRawArgumentsContent()!)![1]!),
        };
        break;
      case 'LABEL':
      case 'VOLUME':
      case 'EXPOSE':
        break;
      default:
        throw new Error(`${instruction.getKeyword()} is not implemented here: add it to runDockerfile`);
    }
  }
  await writeFile(join(scratch, 'done'), '');
  return image!;
};

const jsonOf = (instruction: JSONInstruction): string[] =>
  instruction.getJSONStrings().map((text) => JSON.parse(text.getValue()) as string);
