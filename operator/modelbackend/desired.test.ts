import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import * as kinds from '#operator/kit/resources.ts';
import type { Child } from '#operator/workload/children.ts';
import type { CachedModelBackend } from '#operator/workload/customresources.ts';
import { desired } from './desired.ts';
import { references } from './references.ts';
import { cached, external, managed, modelBackend, NOTHING } from './testing/fixtures.ts';
import { DOWNLOAD, KEY, SPECS, TOKEN, VLLM } from './testing/specs.ts';

/** The children that are wanted when all references are found. */
function childrenOf(backend: CachedModelBackend): readonly Child[] {
  const found = references(backend.spec).map(
    (reference) => ({ ...reference, state: 'Found', version: 'u/1' }) as const,
  );
  const { foundations, volume, workload, problems } = desired(backend, { ...NOTHING, references: found });
  expect(problems).toEqual([]);
  const claims = volume === undefined ? [] : [{ resource: kinds.persistentVolumeClaims, intent: volume }];
  return [...foundations, ...claims, ...workload];
}

describe('the children of', () => {
  test.each(SPECS)('%s', async (name, backend) => {
    const objects = childrenOf(cached(backend)).map(({ intent }) => intent);
    const text = objects.map((object) => stringify(object, { aliasDuplicateObjects: false })).join('---\n');
    await expect(text).toMatchFileSnapshot(`./golden/${name}.yaml`);
  });

  test('a backend that somebody else runs: none', () => {
    expect(childrenOf(cached(external('http://models.test')))).toEqual([]);
  });
});

describe('the address of', () => {
  test.each([
    ['a managed engine', managed(), { url: 'http://llama.team-a.svc:8080', pathPrefix: '' }],
    ['an engine on another port', managed({ port: 9999 }), { url: 'http://llama.team-a.svc:9999', pathPrefix: '' }],
    [
      'a Service',
      modelBackend({ type: 'Service', service: { name: 's', namespace: 'ml', port: 80, pathPrefix: '/openai' } }),
      { url: 'http://s.ml.svc:80', pathPrefix: '/openai' },
    ],
    ['a hosted API', external('https://api.test/openai'), { url: 'https://api.test', pathPrefix: '/openai' }],
  ])('%s', (_, backend, address) => {
    expect(desired(cached(backend), NOTHING).address).toEqual(address);
  });
});

describe('a Secret that changes', () => {
  const found = { state: 'Found', version: 'u/1' } as const;
  const podsOf = (backend: CachedModelBackend, field: string, version: string) => {
    const resolved = references(backend.spec).map((r) => ({
      ...r,
      ...found,
      version: r.field === field ? version : '',
    }));
    const { workload } = desired(backend, { ...NOTHING, references: resolved });
    return workload.find(({ resource }) => resource.kind === 'Deployment')?.intent;
  };
  const backend = cached(
    managed(
      { ...VLLM, source: DOWNLOAD, env: [{ name: 'LICENCE', secretKeyRef: { name: 'licence', key: 'text' } }] },
      KEY,
    ),
  );

  test.each([
    ['spec.auth.secretRef', true],
    ['spec.managed.env[LICENCE].secretKeyRef', true],
    ['spec.managed.source.credentialsSecretRef', false],
  ])('in %s replaces the pods: %s', (field, replaces) => {
    const [before, after] = ['u/1', 'u/2'].map((version) => podsOf(backend, field, version));
    expect(before).toBeDefined();
    expect(isDeepStrictEqual(before, after)).toBe(!replaces);
  });
});

describe('problems', () => {
  const problemsOf = (backend: CachedModelBackend, state: 'Missing' | 'KeyMissing') =>
    desired(backend, {
      ...NOTHING,
      references: references(backend.spec).map((reference) => ({ ...reference, state, version: '' })),
    }).problems;

  test.each([
    [
      'a Secret that is missing',
      external('http://a.test', KEY),
      'Missing',
      'SecretNotFound',
      'spec.auth.secretRef: Secret team-a/api-key does not exist; create it with the key token.',
    ],
    [
      'a Secret without the key',
      managed({ source: { uri: 'hf://a/b', credentialsSecretRef: TOKEN } }),
      'KeyMissing',
      'SecretNotFound',
      'spec.managed.source.credentialsSecretRef: Secret team-a/hugging-face has no key token; add it or name another.',
    ],
    [
      'a variable from a Secret that is missing',
      managed({ env: [{ name: 'A', secretKeyRef: TOKEN }] }),
      'Missing',
      'SecretNotFound',
      'spec.managed.env[A].secretKeyRef: Secret team-a/hugging-face does not exist; create it with the key token.',
    ],
    [
      'a claim that is missing',
      managed({ source: { persistentVolumeClaim: { claimName: 'models', path: 'a' } } }),
      'Missing',
      'InvalidReference',
      'spec.managed.source.persistentVolumeClaim.claimName: PersistentVolumeClaim team-a/models does not exist; create it.',
    ],
    [
      'a variable of the operator',
      managed({ env: [{ name: 'LLAMA_CACHE', value: '/x' }] }),
      'Missing',
      'UnsupportedCombination',
      'spec.managed.env[LLAMA_CACHE] is set by the operator; remove it.',
    ],
  ] as const)('%s', (_, backend, state, reason, message) => {
    expect(problemsOf(cached(backend), state)).toEqual([{ reason, message, blocking: true }]);
  });

  test('a token for downloads is free to be set as a variable where the source names none', () => {
    const own = managed({ source: { uri: 'hf://a/b' }, env: [{ name: 'HF_TOKEN', value: 'x' }] });
    expect(desired(cached(own), NOTHING).problems).toEqual([]);
  });
});
