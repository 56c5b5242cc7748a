/**
 * Whose budget a request spends. A caller with an identity has one of its own. Without identities it is the address
 * that the connection comes from: behind an ingress that is the ingress, whose callers share one budget. What a header
 * such as X-Forwarded-For says is not believed, because anybody can write one.
 */
import { isIPv6 } from 'node:net';
import type { Caller } from '../toolsets/call.ts';

/** `remoteAddress` as Node's sockets give it. */
export function budgetOwner(caller: Caller, remoteAddress: string | undefined): string {
  if (caller.scopes !== undefined) return caller.id;
  const address = remoteAddress?.replace(/^::ffff:(?=\d+\.)/, '') ?? '';
  // One customer of a provider has a whole /64 of addresses.
  return `address ${isIPv6(address) ? network(address) : address}`;
}

/** The first 64 bits, with what `::` stands for written out. */
function network(address: string): string {
  const [head = '', tail] = (address.split('%', 1)[0] as string).split('::');
  const groups = head === '' ? [] : head.split(':');
  const rest = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - groups.length - rest.length;
  return [...groups, ...Array.from({ length: zeros }, () => '0'), ...rest].slice(0, 4).join(':');
}
