/**
 * Results of revision 2026-07-28 as JSON text, written around parts that are text already, so that nothing large is
 * written out twice and lists are written once. Must not know a transport.
 */
import type { Identity } from '../identity.ts';
import { type Id, resultRest } from '../message.ts';
import type { InputRequired } from '../request.ts';
import { SERVER_INFO, SUBSCRIPTION_ID } from './envelope.ts';

/** How long a result may be kept, and by whom: the spec's `ttlMs` and `cacheScope`. */
export interface Keep {
  readonly ttlMs: number;
  readonly scope: 'public' | 'private';
}

/** Results of one server: each says who it is. All are JSON objects as text. */
export interface Results {
  /** `members` as JSON text without braces; may be none. */
  readonly complete: (members: string) => string;
  readonly kept: (members: string, keep: Keep) => string;
  readonly inputRequired: (required: InputRequired) => string;
  /** In place of a tool's answer; `members` as JSON text without braces. */
  readonly task: (members: string) => string;
  /** What ends a subscription. */
  readonly unsubscribed: (id: Id) => string;
}

export function createResults(identity: Identity): Results {
  const info = `${JSON.stringify(SERVER_INFO)}:${JSON.stringify(identity)}`;
  const meta = `"_meta":{${info}}}`;
  return {
    complete: (members) => `{"resultType":"complete",${members === '' ? '' : `${members},`}${meta}`,
    kept: (members, { ttlMs, scope }) =>
      `{"resultType":"complete",${members},"ttlMs":${ttlMs},"cacheScope":"${scope}",${meta}`,
    inputRequired: ({ inputRequests, requestState }) =>
      `{"resultType":"input_required","inputRequests":${JSON.stringify(inputRequests)},"requestState":${JSON.stringify(requestState)},${meta}`,
    task: (members) => `{"resultType":"task",${members},${meta}`,
    unsubscribed: (id) =>
      `{"resultType":"complete","_meta":{${JSON.stringify(SUBSCRIPTION_ID)}:${JSON.stringify(id)},${info}}}`,
  };
}

/** A result that is sent many times, with what stands behind the id in a message with it. */
export interface Prepared {
  readonly text: string;
  /** Bytes, or a text that has a byte for each character. */
  readonly rest: Buffer | string;
}

/** Results as methods give them, as JSON text. */
export type Result = string | Prepared;

/** Up to that many bytes it is cheaper to write a text anew than to send bytes apart from it. */
const SHORT = 4_096;

export function prepared(text: string): Prepared {
  const rest = Buffer.from(resultRest(text));
  const written = rest.toString('latin1');
  return { text, rest: rest.length <= SHORT && written === resultRest(text) ? written : rest };
}

export const textOf = (result: Result): string => (typeof result === 'string' ? result : result.text);

/** An object's members as JSON text without braces. */
export const membersOf = (value: object): string => JSON.stringify(value).slice(1, -1);
