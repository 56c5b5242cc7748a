/**
 * JSON-RPC messages as they come from a stranger: told apart and bounded, nothing more. Must not know a method.
 */
export type Id = string | number;
export type Params = Readonly<Record<string, unknown>>;

export interface RequestMessage {
  readonly kind: 'request';
  readonly id: Id;
  readonly method: string;
  readonly params: Params;
}

export interface NotificationMessage {
  readonly kind: 'notification';
  readonly method: string;
  readonly params: Params;
}

export interface ResponseMessage {
  readonly kind: 'response';
  readonly id: Id;
  /** An `error` as it came; undefined for an answer with a result. */
  readonly error: unknown;
  readonly result: unknown;
}

export interface InvalidMessage {
  readonly kind: 'invalid';
  readonly id: Id | null;
  readonly problem: string;
}

export type Message = RequestMessage | NotificationMessage | ResponseMessage | InvalidMessage;

const MAX_ID = 256;
const MAX_METHOD = 128;
const NONE: Params = Object.freeze({});

export function readMessage(value: unknown): Message {
  if (!isObject(value)) return invalid(null, 'a message is an object');
  const { jsonrpc, id, method, params, result, error } = value;
  const known = isId(id) ? id : null;
  if (jsonrpc !== '2.0') return invalid(known, 'jsonrpc must be "2.0"');
  if (id !== undefined && known === null)
    return invalid(null, `id must be an integer or a string of at most ${MAX_ID} characters`);
  if (method === undefined) {
    if (known === null || (result === undefined) === (error === undefined))
      return invalid(known, 'a message has a method, or an id with either result or error');
    return { kind: 'response', id: known, result, error };
  }
  if (typeof method !== 'string' || method.length > MAX_METHOD) return invalid(known, 'method must be a short string');
  if (params !== undefined && !isObject(params)) return invalid(known, 'params must be an object');
  const given = params ?? NONE;
  return known === null
    ? { kind: 'notification', method, params: given }
    : { kind: 'request', id: known, method, params: given };
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isId = (value: unknown): value is Id =>
  typeof value === 'string' ? value.length <= MAX_ID : Number.isSafeInteger(value);

const invalid = (id: Id | null, problem: string): InvalidMessage => ({ kind: 'invalid', id, problem });

/** `result` is JSON text already. */
export const resultText = (id: Id, result: string): string => resultStart(id) + resultRest(result);

/** The part of a message with a result that is another each time, and the part that may be the same. */
export const resultStart = (id: Id): string => `{"jsonrpc":"2.0","id":${JSON.stringify(id)}`;
export const resultRest = (result: string): string => `,"result":${result}}`;

/** Without an id it is meant for no request in particular. */
export const errorText = (id: Id | null | undefined, code: number, message: string, data?: unknown): string =>
  JSON.stringify({ jsonrpc: '2.0', id, error: { code, message, ...(data === undefined ? {} : { data }) } });

export const notificationText = (method: string, params?: object): string =>
  JSON.stringify({ jsonrpc: '2.0', method, ...(params && { params }) });

export const requestText = (id: Id, method: string, params: object): string =>
  JSON.stringify({ jsonrpc: '2.0', id, method, params });
