import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as readBody } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type MarkerStoreHarness, markerStoreContract } from '../src/contract.js';
import { createMarkerStore, type MarkerBackend } from '../src/index.js';
import { completedMarker, VERSION } from './sample-markers.js';

/** An object store on HTTP: `GET`, `PUT` and `DELETE` of `/BUCKET/KEY`, and `GET` of `/BUCKET/` for the list of keys. */
const objects = new Map<string, string>();
let server: Server;
let url: string;

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const key = request.url ?? '';
    if (request.method === 'PUT') objects.set(key, await readBody(request));
    else if (request.method === 'DELETE') objects.delete(key);
    else if (key.endsWith('/')) {
      const keys = [...objects.keys()].filter((each) => each.startsWith(key)).map((each) => each.slice(key.length));
      return void response.end(JSON.stringify(keys));
    }
    const found = request.method === 'GET' ? objects.get(key) : '';
    response.writeHead(found === undefined ? 404 : 200).end(found);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const createHttpBackend = (bucket: string): MarkerBackend => {
  const get = async (key: string): Promise<string | undefined> => {
    const response = await fetch(`${url}/${bucket}/${key}`);
    return response.ok ? response.text() : void (await response.body?.cancel());
  };
  const send = async (method: string, key: string, body: string | null = null): Promise<void> => {
    await fetch(`${url}/${bucket}/${key}`, { method, body });
  };
  return {
    read: get,
    replace: (version, text) => send('PUT', version, text),
    setAside: async (version) => {
      const place = `${version}.corrupt-${Date.now()}`;
      await send('PUT', place, (await get(version)) ?? '');
      await send('DELETE', version);
      return place;
    },
    list: async () => (JSON.parse((await get('')) ?? '[]') as string[]).filter((key) => /^\d{8}$/.test(key)),
  };
};

describe('a store over your own backend passes the contract:', () => {
  let buckets = 0;
  const createHarness = async (): Promise<MarkerStoreHarness> => {
    buckets += 1;
    const bucket = String(buckets);
    const open = () => createMarkerStore({ backend: createHttpBackend(bucket) });
    return {
      store: open(),
      reopen: async () => open(),
      writeText: async (version, text) => void objects.set(`/${bucket}/${version}`, text),
      readText: async (version) => objects.get(`/${bucket}/${version}`),
    };
  };

  for (const { name, run } of markerStoreContract) test(name, () => run(createHarness));
});

describe('a store over your own backend', () => {
  const failing = (overrides: Partial<MarkerBackend>): MarkerBackend => ({
    ...createHttpBackend('failing'),
    ...overrides,
  });

  test('reports which operation on which version the backend refused, and why', async () => {
    const cause = new Error('connection lost');
    const refuse = () => Promise.reject(cause);
    const refused = (operation: string, version?: string, errorCode = 'IO_FAILED') =>
      expect.objectContaining({
        name: 'StateMarkerError',
        code: errorCode,
        cause: expect.any(Error),
        facts: expect.objectContaining({ operation, version }),
      });
    const marker = completedMarker();
    const unreadable = createMarkerStore({ backend: failing({ read: refuse }) });
    await expect(unreadable.load(VERSION)).rejects.toEqual(refused('read', VERSION));
    await expect(unreadable.save(marker)).rejects.toEqual(refused('read', VERSION));
    await expect(createMarkerStore({ backend: failing({ replace: refuse }) }).save(marker)).rejects.toEqual(
      refused('write', VERSION),
    );
    const damaged = failing({ read: async () => '{', setAside: refuse });
    await expect(createMarkerStore({ backend: damaged }).load(VERSION)).rejects.toEqual(refused('set-aside', VERSION));
    await expect(createMarkerStore({ backend: failing({ list: refuse }) }).versions()).rejects.toEqual(refused('list'));
    const full = () => Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' }));
    await expect(createMarkerStore({ backend: failing({ replace: full }) }).save(marker)).rejects.toEqual(
      refused('write', VERSION, 'NO_SPACE'),
    );
  });

  test('does not take null, as databases return it, for a damaged marker', async () => {
    const moved: string[] = [];
    const backend = failing({
      read: async () => null as unknown as string,
      setAside: async (version) => {
        moved.push(version);
        return version;
      },
    });
    await expect(createMarkerStore({ backend }).load(VERSION)).rejects.toHaveProperty('code', 'INVALID_OPTIONS');
    expect(moved).toEqual([]);
  });

  test('changes nothing if it is read-only', async () => {
    const backend = createHttpBackend('read-only');
    await backend.replace(VERSION, '{');
    const store = createMarkerStore({ backend, readOnly: true });
    expect(await store.load(VERSION)).toMatchObject({ status: 'corrupt', movedTo: undefined });
    await expect(store.save(completedMarker())).rejects.toHaveProperty('code', 'STORE_READ_ONLY');
    expect(await backend.read(VERSION)).toBe('{');
  });
});
