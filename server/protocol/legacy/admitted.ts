/**
 * What one pod tells another with a request that it hands on: that it has admitted the request, counted it, and whose it
 * is. The client's token stays behind. The mark is sealed with the keys that pods share, for one session at one pod: no
 * client can make one, and whoever has got the address of a pod that is gone can do nothing with it elsewhere.
 */
import type { IncomingMessage } from 'node:http';
import type { Caller } from '../../toolsets/call.ts';
import type { Sealer } from '../sealing.ts';

/** On a request that another pod has forwarded, or says so. */
export const FORWARDED = 'x-mcp-fleet-forwarded';

const PURPOSE = 'forwarded';
/** Further than the clocks of pods are apart. */
const MARK_MS = 120_000;

interface Said {
  readonly id: string;
  readonly scopes?: readonly string[];
  readonly roles?: readonly string[];
}

/** `pod`: the `address:port` that the request goes to. */
export function admittedMark(sealer: Sealer, { id, scopes, roles }: Caller, session: string, pod: string): string {
  const said: Said = { id, ...(scopes && { scopes: [...scopes] }), ...(roles && { roles }) };
  return sealer.seal(PURPOSE, said, { ttlMs: MARK_MS, bind: boundTo(session, pod) });
}

/** The caller of a request that another pod has admitted for this one; undefined for all others. */
export function admittedCaller(
  sealer: Sealer,
  { headers }: Pick<IncomingMessage, 'headers'>,
  pod: string | undefined,
): Caller | undefined {
  const { [FORWARDED]: mark, 'mcp-session-id': session } = headers;
  if (typeof mark !== 'string' || typeof session !== 'string' || pod === undefined) return undefined;
  const said = sealer.open(PURPOSE, mark, boundTo(session, pod)) as Said | undefined;
  if (said === undefined) return undefined;
  const { id, scopes, roles } = said;
  return { id, ...(scopes && { scopes: new Set(scopes) }), ...(roles && { roles }) };
}

const boundTo = (session: string, pod: string): string => JSON.stringify([session, pod]);
