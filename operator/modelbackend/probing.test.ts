import { describe, expect, test } from 'vitest';
import type { Client } from '#operator/kit/client.ts';
import { KubeError } from '#operator/kit/errors.ts';
import { desired } from './desired.ts';
import type { Observed } from './observe.ts';
import { probeTarget } from './probing.ts';
import { references } from './references.ts';
import { cached, cachedPod, external, managed, NOTHING, READY, UNREADY } from './testing/fixtures.ts';

const KEY = { auth: { type: 'Bearer', secretRef: { name: 'api-key', key: 'token' } } } as const;
const engine = cached(managed());
const hosted = cached(external('https://api.test', KEY));
const found = (version: string): Observed['references'] =>
  references(hosted.spec).map((reference) => ({ ...reference, state: 'Found', version }));

const clientWith = (get: () => Promise<unknown>) => ({ get }) as unknown as Pick<Client, 'get'>;
const silent = clientWith(async () => ({}));
const targetOf = (backend: typeof engine, observed: Observed, client = silent) =>
  probeTarget(client, backend, observed, desired(backend, observed));

describe('a backend is asked', () => {
  test('while one of its pods serves', () => {
    expect(targetOf(engine, { ...NOTHING, pods: [cachedPod(READY)] })?.endpoint.url).toBe(
      'http://llama.team-a.svc:8080',
    );
    expect(targetOf(engine, { ...NOTHING, pods: [cachedPod(UNREADY)] })).toBeUndefined();
    expect(targetOf(engine, NOTHING)).toBeUndefined();
  });

  test('while its references are there', () => {
    expect(targetOf(hosted, { ...NOTHING, references: found('1') })?.endpoint.url).toBe('https://api.test');
    const missing = found('').map((reference) => ({ ...reference, state: 'Missing' as const }));
    expect(targetOf(hosted, { ...NOTHING, references: missing })).toBeUndefined();
  });

  test('anew when its Secret or the revision of its pods changes, and not for a pod more', () => {
    const secret = (version: string) => targetOf(hosted, { ...NOTHING, references: found(version) })?.revision;
    expect(secret('1')).toBe(secret('1'));
    expect(secret('2')).not.toBe(secret('1'));
    const pods = (...revisions: readonly string[]) =>
      targetOf(engine, { ...NOTHING, pods: revisions.map((r, i) => cachedPod(READY, `llama-${i}`, r)) })?.revision;
    expect(pods('a', 'a')).toBe(pods('a'));
    expect(pods('b')).not.toBe(pods('a'));
    expect(pods('b', 'a')).toBe(pods('a', 'b'));
  });
});

describe('the credential', () => {
  const credential = async (get: () => Promise<unknown>) =>
    targetOf(hosted, { ...NOTHING, references: found('1') }, clientWith(get))?.endpoint.credential?.();

  test('is read when it is needed', async () => {
    const data = { token: Buffer.from('s3cret\n').toString('base64') };
    expect(await credential(async () => ({ data }))).toEqual({ header: 'authorization', value: 'Bearer s3cret' });
  });

  test('that is missing is a refusal that names the Secret', async () => {
    const refusal = { reason: 'Unauthorized', message: expect.stringContaining('Secret api-key, key token') };
    await expect(credential(async () => ({ data: {} }))).rejects.toMatchObject(refusal);
    const gone = new KubeError(404, 'NotFound', 'secrets "api-key" not found');
    await expect(credential(() => Promise.reject(gone))).rejects.toMatchObject(refusal);
  });
});
