import { expect, test } from 'vitest';
import { parseModelBackend } from '#crds/modelbackend-status.ts';
import { declaredAddress, endpointOf } from './endpoint.ts';

const backend = (spec: object) =>
  parseModelBackend({
    apiVersion: 'mcpfleet.dev/v1alpha1',
    kind: 'ModelBackend',
    metadata: { name: 'chat' },
    spec: { models: [{ name: 'm' }], ...spec },
  });

const external = (change: object = {}) =>
  backend({ type: 'External', external: { url: 'https://api.example.com/openai' }, ...change });
const address = { url: 'https://api.example.com', pathPrefix: '/openai' };

test('an external URL is split into origin and prefix', () => {
  expect(declaredAddress(external().spec, 'team')).toEqual(address);
});

test('a Service is reached by its name in its namespace, the own one without it', () => {
  const service = (change: object) =>
    backend({ type: 'Service', service: { name: 'vllm', port: 8000, ...change } }).spec;
  expect(declaredAddress(service({}), 'team')).toEqual({ url: 'http://vllm.team.svc:8000', pathPrefix: '' });
  expect(declaredAddress(service({ namespace: 'ml', scheme: 'https', pathPrefix: '/openai' }), 'team')).toEqual({
    url: 'https://vllm.ml.svc:8000',
    pathPrefix: '/openai',
  });
});

test('a managed backend declares no address, as its Service is made for it', () => {
  const managed = { engine: 'Custom', image: 'engine', port: 8000 };
  expect(declaredAddress(backend({ type: 'Managed', managed }).spec, 'team')).toBeUndefined();
});

test('timeouts and headers come from the spec, a credential only where one is asked for', () => {
  const spec = {
    external: { url: 'https://a.example', headers: [{ name: 'X-Team', value: 'a' }] },
    timeouts: { idle: '1s' },
  };
  const endpoint = endpointOf(external(spec), address, async () => 'unused');
  expect(endpoint).toEqual({
    ...address,
    headers: { 'X-Team': 'a' },
    timeouts: { connectMs: 2_000, firstByteMs: 60_000, idleMs: 1_000, requestMs: 600_000 },
  });
});

test.for([
  ['Bearer', {}, { header: 'authorization', value: 'Bearer token' }],
  ['Header', { header: 'api-key' }, { header: 'api-key', value: 'token' }],
] as const)(
  'a credential of type %s is sent in its header, without white space around it',
  async ([type, more, sent]) => {
    const auth = { type, secretRef: { name: 'key', key: 'token' }, ...more };
    const endpoint = endpointOf(external({ auth }), address, async () => ' token\n');
    expect(await endpoint.credential?.()).toEqual(sent);
  },
);

test('a credential that is missing is Unauthorized, one that cannot be read now is Unavailable', async () => {
  const auth = { type: 'Bearer', secretRef: { name: 'key', key: 'token' } };
  const missing = endpointOf(external({ auth }), address, async () => undefined);
  await expect(missing.credential?.()).rejects.toMatchObject({
    reason: 'Unauthorized',
    message: 'the credential of ModelBackend chat is missing: Secret key, key token',
  });
  const unreadable = endpointOf(external({ auth }), address, () => Promise.reject(new Error('API server gone')));
  await expect(unreadable.credential?.()).rejects.toMatchObject({ name: 'BackendError', reason: 'Unavailable' });
});
