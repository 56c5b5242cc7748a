/**
 * URIs of the resources that one client watches, bounded in number and in characters, because a session keeps them for
 * as long as it lives. Must not know who may watch what.
 */
import { INVALID_PARAMS, RpcError } from '../rpc-error.ts';

const MAX_WATCHED = 256;
const MAX_URI = 2_048;
const MAX_CHARACTERS = 32 * 1_024;

export class Watched {
  readonly #uris = new Set<string>();
  #characters = 0;

  /** Throws RpcError where there is no room for it. */
  add(uri: string): void {
    if (this.#uris.has(uri)) return;
    if (uri.length > MAX_URI) throw new RpcError(INVALID_PARAMS, `uri is longer than ${MAX_URI} characters.`);
    if (this.#uris.size >= MAX_WATCHED) throw full(`${MAX_WATCHED} resources are watched already`);
    if (this.#characters + uri.length > MAX_CHARACTERS)
      throw full(`the URIs of all that is watched would have more than ${MAX_CHARACTERS} characters`);
    this.#uris.add(uri);
    this.#characters += uri.length;
  }

  delete(uri: string): void {
    if (this.#uris.delete(uri)) this.#characters -= uri.length;
  }

  has(uri: string): boolean {
    return this.#uris.has(uri);
  }

  [Symbol.iterator](): Iterator<string> {
    return this.#uris.values();
  }
}

const full = (problem: string): RpcError =>
  new RpcError(INVALID_PARAMS, `Invalid params: ${problem}. Unsubscribe from some first.`);
