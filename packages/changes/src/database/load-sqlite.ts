import { createRequire } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import type sqliteModule from 'node-sqlite3-wasm';

type Sqlite = typeof sqliteModule;

/** Versions of Node whose V8 has the option; another one would complain about it. */
const NODE_WITH_OPTION = { min: 20, max: 24 };

/** V8's default, or less than it: how much of a WebAssembly function runs before it is compiled again, optimized. */
const DEFAULT_BUDGET = 1_800_000;

const setBudget = (budget: number): void => {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < NODE_WITH_OPTION.min || major > NODE_WITH_OPTION.max) return;
  setFlagsFromString(`--wasm-tiering-budget=${budget}`);
};

/**
 * Loads SQLite so that V8 does not compile it a second time, optimized, which it decides when a module is loaded. That
 * would take 20 to 30 MB that the allocator keeps, and more processor time than a pass over a million records saves by
 * it. Modules that are loaded afterwards, such as the parser's, are compiled as usual.
 */
const loadSqlite = (): Sqlite => {
  setBudget(2 ** 31 - 1);
  try {
    return createRequire(import.meta.url)('node-sqlite3-wasm') as Sqlite;
  } finally {
    setBudget(DEFAULT_BUDGET);
  }
};

/** SQLite as WebAssembly. */
export const sqlite: Sqlite = loadSqlite();
