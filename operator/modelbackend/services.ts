/**
 * Addresses of Services from the cache, for probes: a name that DNS has just said no to is answered no from its caches
 * for seconds more, and a backend would count as gone for that long. Other names are looked up as usual.
 */
import { lookup } from 'node:dns';
import { isIP } from 'node:net';
import type { Resolve } from '#models/address-guard.ts';
import type { Store } from '#operator/kit/store.ts';
import type { CachedService } from '#operator/workload/informers.ts';

const SERVICE_HOST = /^([^.]+)[.]([^.]+)[.]svc$/;

const lookUp: Resolve = (host, callback) => lookup(host, { all: true }, callback);

export function serviceResolver(services: Pick<Store<CachedService>, 'get'>, others: Resolve = lookUp): Resolve {
  return (host, callback) => {
    const [, name = '', namespace = ''] = SERVICE_HOST.exec(host) ?? [];
    // A headless Service has None here, one that is only a name for something else has nothing.
    const address = services.get({ namespace, name })?.clusterIP ?? '';
    const family = isIP(address);
    if (family === 0) others(host, callback);
    else callback(null, [{ address, family }]);
  };
}
