/**
 * A backend as the router needs it, made from a ModelBackend, and where such backends
 * are found (`Discovery`). Must not know whether that is a cluster or a file.
 */
import type { ModelBackend } from '#crds/modelbackend-status.ts';
import { type Protocol } from '#models/adapters.ts';
import type { Endpoint, Task } from '#models/backend.ts';
import { type Address, endpointOf, type ReadCredential } from '#models/endpoint.ts';

export interface KnownModel {
  readonly name: string;
  readonly upstreamName: string;
  readonly tasks: readonly Task[];
  readonly maxOutputTokens: number | undefined;
  /** Whether requests may be sent. */
  readonly loaded: boolean;
}

export interface KnownBackend {
  readonly name: string;
  readonly ready: boolean;
  /** Of the condition Ready: why. */
  readonly reason: string;
  readonly models: readonly KnownModel[];
  readonly protocol: Protocol;
  /** Undefined while nobody knows how it is reached. */
  readonly endpoint: Endpoint | undefined;
  /** Another value means that connections must be made anew. */
  readonly identity: string;
}

export type KnownBackends = ReadonlyMap<string, KnownBackend>;

export interface Discovery {
  backends(): KnownBackends;
  /** Whether all that exist were seen once. */
  synced(): boolean;
  /** Resolves when `synced` turns true. */
  whenSynced(): Promise<void>;
  /** Milliseconds since the source last said something; undefined before the first time, or where the question makes no sense. */
  snapshotAgeMs(): number | undefined;
  close(): Promise<void>;
}

export interface Judgement {
  readonly ready: boolean;
  readonly reason: string;
  readonly address: Address | undefined;
  /** Names of the models that may be asked. */
  readonly loaded: ReadonlySet<string>;
}

type Described = Pick<ModelBackend, 'spec'> & { readonly metadata: { readonly name: string } };

export function knownBackend(backend: Described, judgement: Judgement, credential: ReadCredential): KnownBackend {
  const { spec, metadata } = backend;
  const { address, ready, reason, loaded } = judgement;
  return {
    name: metadata.name,
    ready: ready && address !== undefined,
    reason,
    models: spec.models.map((model) => ({
      name: model.name,
      upstreamName: model.upstreamName ?? model.name,
      tasks: model.tasks,
      maxOutputTokens: model.maxOutputTokens,
      loaded: loaded.has(model.name),
    })),
    protocol: spec.protocol,
    endpoint: address === undefined ? undefined : endpointOf(backend, address, credential),
    identity: JSON.stringify([spec.protocol, address, spec.external?.headers, spec.timeouts, spec.auth]),
  };
}
