import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The reports in a folder, without the times in them. */
export const readReports = async (directory: string): Promise<Record<string, string>> => {
  const names = (await readdir(directory)).sort();
  const texts = names.map(async (name) => {
    const text = await readFile(join(directory, name), 'utf8');
    return [name, text.replaceAll(/"timestamp":"[^"]*"/g, '')] as const;
  });
  return Object.fromEntries(await Promise.all(texts));
};
