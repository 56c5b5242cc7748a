/**
 * The registry of wire protocols: one adapter for each that the API knows. A protocol
 * that is added to the API does not compile until it stands here.
 */
import type { ModelBackendSpec } from '#crds/modelbackend-status.ts';
import type { Backend, Endpoint } from './backend.ts';
import { type Http, type HttpOptions, openHttp } from './http.ts';
import { openAI } from './openai.ts';

export type Protocol = ModelBackendSpec['protocol'];

const ADAPTERS = { OpenAI: openAI } as const satisfies Record<Protocol, (http: Http) => Backend>;

/** Connects when first asked; `shutdown` of the result closes the connections. */
export function openBackend(protocol: Protocol, endpoint: Endpoint, options: HttpOptions = {}): Backend {
  return ADAPTERS[protocol](openHttp(endpoint, options));
}
