/**
 * What is probed and what comes of it, as plain data, and the smallest request that
 * proves that a model answers. Must not know when or how often it is sent.
 */
import { milliseconds } from '#crds/duration.ts';
import type { ModelBackendSpec } from '#crds/modelbackend-status.ts';
import type { Protocol } from './adapters.ts';
import type { Backend, Endpoint, Task } from './backend.ts';
import type { ModelVerdict, Reachability } from './verdict.ts';

export interface ProbeModel {
  readonly name: string;
  readonly upstreamName?: string | undefined;
  readonly tasks: readonly Task[];
}

/** Times in milliseconds. */
export interface ProbeTarget {
  readonly protocol: Protocol;
  readonly endpoint: Endpoint;
  readonly models: readonly ProbeModel[];
  readonly health: {
    readonly intervalMs: number;
    readonly timeoutMs: number;
    readonly failureThreshold: number;
    readonly inference: { readonly enabled: boolean; readonly intervalMs: number; readonly timeoutMs: number };
  };
  /**
   * Another value means that something else may stand behind the address, so what was known is dropped. Made of
   * what changes then (pods, Secret), not of the object's generation, which any edit moves.
   */
  readonly revision: string;
}

/** What a spec says of probing, for the backend at that endpoint. */
export function targetOf(
  { protocol, models, health }: ModelBackendSpec,
  endpoint: Endpoint,
  revision: string,
): ProbeTarget {
  const { interval, timeout, failureThreshold, inference } = health;
  return {
    protocol,
    endpoint,
    models,
    health: {
      intervalMs: milliseconds(interval),
      timeoutMs: milliseconds(timeout),
      failureThreshold,
      inference: {
        enabled: inference.enabled,
        intervalMs: milliseconds(inference.interval),
        timeoutMs: milliseconds(inference.timeout),
      },
    },
    revision,
  };
}

export interface ProbeResult {
  readonly reachable: Reachability;
  readonly models: readonly ModelVerdict[];
  /** Milliseconds that the last list of models took. */
  readonly latencyMs: number | undefined;
  /** Of the clock that was passed in. */
  readonly checkedAt: number | undefined;
}

export const upstreamNameOf = (model: ProbeModel): string => model.upstreamName ?? model.name;

/** Equal for targets behind which the same thing stands. */
export const identityOf = ({ protocol, endpoint, revision }: ProbeTarget): string =>
  JSON.stringify([protocol, endpoint.url, endpoint.pathPrefix, endpoint.headers, revision]);

/** One token, or one vector. */
export async function smallestRequest(backend: Backend, model: ProbeModel, signal: AbortSignal): Promise<void> {
  const name = upstreamNameOf(model);
  if (model.tasks.includes('Chat')) {
    await backend.chat({ model: name, messages: [{ role: 'user', content: 'hi' }], maxTokens: 1 }, { signal });
  } else if (model.tasks.includes('Completion')) {
    await backend.complete({ model: name, prompt: 'hi', maxTokens: 1 }, { signal });
  } else {
    await backend.embed({ model: name, input: ['hi'] }, { signal });
  }
}
