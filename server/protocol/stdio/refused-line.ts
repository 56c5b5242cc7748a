/**
 * Whom a line concerns that is not taken: the requests on it, as far as ids can be read, so that no client waits for an
 * answer that will not come. Must not know why a line is refused.
 */
import { type Id, isId, isObject } from '../message.ts';

/** Of a line that was refused before it was read; undefined where nobody could read it. */
export function contentOf(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString()) as unknown;
  } catch {
    return undefined;
  }
}

/** Of one message or of several. The id of an answer is one of ours, and names no request of the client's. */
export const requestIds = (content: unknown): readonly Id[] =>
  (Array.isArray(content) ? content : [content]).flatMap((message: unknown) =>
    isObject(message) && typeof message['method'] === 'string' && isId(message['id']) ? message['id'] : [],
  );
