// Writes config.example.toml and the tables of settings in the documents from SETTINGS: `npm run settings`.
import { readFile, writeFile } from 'node:fs/promises';
import { SETTINGS_DOCUMENTS } from './settings-documents.js';

for (const { path, renew } of SETTINGS_DOCUMENTS) {
  const file = new URL(`../../../${path}`, import.meta.url);
  const current = await readFile(file, 'utf8');
  const renewed = renew(current);
  if (renewed === current) continue;
  await writeFile(file, renewed);
  console.log(`${path} is written`);
}
