/**
 * Parameters of requests of every revision, read one by one. What does not fit is the client's mistake, and is told so.
 */
import type { CompletionRequest } from './completion.ts';
import { type Id, isId, isObject, type Params } from './message.ts';
import { INVALID_PARAMS, RpcError } from './rpc-error.ts';

/** `problem` names the parameter and says what it must be. */
export const misfit = (problem: string): RpcError => new RpcError(INVALID_PARAMS, `Invalid params: ${problem}.`);

/** Throws RpcError where it is missing or no text. */
export function textParam(params: Params, name: string): string {
  const value = params[name];
  if (typeof value !== 'string') throw misfit(`${name} must be a string`);
  return value;
}

export const cursorParam = (params: Params): string | undefined =>
  params['cursor'] === undefined ? undefined : textParam(params, 'cursor');

/** Of a tool call. Throws RpcError where they are there and no object: what does not fit a tool is the tool's to say. */
export function argumentsParam(params: Params): Params | undefined {
  const given = params['arguments'];
  if (given === undefined || isObject(given)) return given;
  throw misfit('arguments must be an object');
}

/** Undefined where the client asked for no progress, and for what is no token or too long to be sent with every step. */
export function progressToken(params: Params): Id | undefined {
  const meta = params['_meta'];
  const token = isObject(meta) ? meta['progressToken'] : undefined;
  return isId(token) ? token : undefined;
}

export function completionParams({ ref, argument }: Params): CompletionRequest {
  if (!isObject(ref) || !isObject(argument)) throw misfit('ref and argument must be objects');
  const asked = { name: textParam(argument, 'name'), value: textParam(argument, 'value') };
  switch (ref['type']) {
    case 'ref/resource':
      return { ref: { type: 'ref/resource', uri: textParam(ref, 'uri') }, argument: asked };
    case 'ref/prompt':
      return { ref: { type: 'ref/prompt', name: textParam(ref, 'name') }, argument: asked };
    default:
      throw misfit('ref.type must be ref/resource or ref/prompt');
  }
}
