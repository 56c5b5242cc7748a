import { expect, test } from 'vitest';
import { formatKey, type Key } from '#operator/kit/object.ts';
import type { CachedService } from '#operator/workload/informers.ts';
import { serviceResolver } from './services.ts';

const known: Readonly<Record<string, string>> = { 'a/four': '10.0.0.1', 'a/six': 'fd00::1', 'a/headless': 'None' };
const services = {
  get: (key: Key) => {
    const clusterIP = known[formatKey(key)];
    return clusterIP === undefined ? undefined : ({ clusterIP } as CachedService);
  },
};
const LOOKED_UP = [{ address: '192.0.2.1', family: 4 }];

const resolve = (host: string) =>
  new Promise((done) => {
    const resolver = serviceResolver(services, (_host, callback) => callback(null, LOOKED_UP));
    resolver(host, (_error, addresses) => done(addresses));
  });

test.each([
  ['four.a.svc', [{ address: '10.0.0.1', family: 4 }]],
  ['six.a.svc', [{ address: 'fd00::1', family: 6 }]],
  ['headless.a.svc', LOOKED_UP],
  ['unknown.a.svc', LOOKED_UP],
  ['four.a.svc.example.com', LOOKED_UP],
  ['api.example.com', LOOKED_UP],
])('%s has the address %j', async (host, addresses) => {
  expect(await resolve(host)).toEqual(addresses);
});

test('other names are looked up by the system', async () => {
  const addresses = await new Promise((done) => serviceResolver(services)('localhost', (_error, found) => done(found)));
  expect(addresses).not.toEqual([]);
});
