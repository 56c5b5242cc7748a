/**
 * Session ids that say which pod holds the session, and that only this fleet can make: whoever forwards a request by
 * one can trust where it points to.
 */
import { randomBytes } from 'node:crypto';
import { isObject } from '../message.ts';
import type { Sealer } from '../sealing.ts';

const PURPOSE = 'session-id';
const ID_BYTES = 16;
const MAX_LENGTH = 512;

/** `pod` is `address:port`, or undefined where there is only one. */
export function mintSessionId(sealer: Sealer, pod: string | undefined): string {
  const said = { pod, id: randomBytes(ID_BYTES).toString('base64url') };
  const payload = Buffer.from(JSON.stringify(said)).toString('base64url');
  return `${payload}.${sealer.sign(PURPOSE, payload)}`;
}

/** The pod in an id that was made with our keys; undefined for every other text. */
export function podOf(sealer: Sealer, sessionId: string): string | undefined {
  if (sessionId.length > MAX_LENGTH) return undefined;
  const [payload = '', mark = '', ...more] = sessionId.split('.');
  if (more.length > 0 || !sealer.verify(PURPOSE, payload, mark)) return undefined;
  const said: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
  return isObject(said) && typeof said['pod'] === 'string' ? said['pod'] : undefined;
}
