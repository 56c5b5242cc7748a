/**
 * From a ModelBackend to how it is reached: address, headers, credential, deadlines.
 * Must not know where a credential is kept, nor ask anything of the backend.
 */
import { milliseconds } from '#crds/duration.ts';
import type { ModelBackend, ModelBackendSpec, ModelBackendStatus } from '#crds/modelbackend-status.ts';
import { BackendError, type Endpoint } from './backend.ts';

export type Address = Pick<NonNullable<ModelBackendStatus['addresses']>[number], 'url' | 'pathPrefix'>;

type Described = { readonly metadata: { readonly name: string }; readonly spec: ModelBackend['spec'] };

/** Text of the credential; undefined while there is none. */
export type ReadCredential = () => Promise<string | undefined>;

/**
 * Address that the spec itself tells: of an External or a Service backend. A Managed
 * one has none here, as its Service is the operator's.
 */
export function declaredAddress(spec: ModelBackendSpec, namespace: string): Address | undefined {
  if (spec.external !== undefined) {
    const url = new URL(spec.external.url);
    return { url: url.origin, pathPrefix: url.pathname === '/' ? '' : url.pathname };
  }
  if (spec.service === undefined) return undefined;
  const { name, port, scheme, pathPrefix } = spec.service;
  const host = `${name}.${spec.service.namespace ?? namespace}.svc`;
  return { url: `${scheme}://${host}:${port}`, pathPrefix: pathPrefix ?? '' };
}

export function endpointOf(backend: Described, address: Address, credential?: ReadCredential): Endpoint {
  const { spec } = backend;
  const { connect, firstByte, idle, request } = spec.timeouts;
  const send = credentialOf(backend, credential);
  return {
    url: address.url,
    pathPrefix: address.pathPrefix,
    headers: Object.fromEntries((spec.external?.headers ?? []).map(({ name, value }) => [name, value])),
    ...(send === undefined ? {} : { credential: send }),
    timeouts: {
      connectMs: milliseconds(connect),
      firstByteMs: milliseconds(firstByte),
      idleMs: milliseconds(idle),
      requestMs: milliseconds(request),
    },
  };
}

function credentialOf({ metadata, spec }: Described, read?: ReadCredential): Endpoint['credential'] {
  const { type, header, secretRef } = spec.auth;
  if (type === 'None') return undefined;
  return async () => {
    const token = (await readFrom(metadata.name, read)).trim();
    if (token === '') {
      const where = secretRef === undefined ? '' : `: Secret ${secretRef.name}, key ${secretRef.key}`;
      throw new BackendError('Unauthorized', `the credential of ModelBackend ${metadata.name} is missing${where}`);
    }
    return type === 'Bearer'
      ? { header: 'authorization', value: `Bearer ${token}` }
      : { header: header ?? 'authorization', value: token };
  };
}

/** Empty while there is none. That it cannot be read now is trouble of ours that passes, not a wrong credential. */
async function readFrom(backend: string, read: ReadCredential | undefined): Promise<string> {
  try {
    return (await read?.()) ?? '';
  } catch (error) {
    throw new BackendError('Unavailable', `the credential of ModelBackend ${backend} cannot be read now`, {
      cause: error,
    });
  }
}
