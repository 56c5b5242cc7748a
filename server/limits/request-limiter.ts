/**
 * The limit of requests as the front asks for it: whose budget a request spends, and which requests spend none. A caller
 * with an identity has a budget of its own, wherever it calls from; without identities the address has it.
 */
import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';
import { ANONYMOUS, type Caller } from '../toolsets/call.ts';
import type { AddressOf } from './client-address.ts';
import type { RateLimiter, Take } from './rate-limiter.ts';

export interface RequestLimiter {
  /** The most that one `take` may cost. */
  readonly burst: number;
  /** Spends `cost` requests (one without it) of whoever pays for this request, all or none of them. */
  take(request: IncomingMessage, caller: Caller, cost?: number): Take | Promise<Take>;
}

export interface RequestLimiterOptions {
  readonly limiter: RateLimiter;
  readonly addressOf: AddressOf;
  /** Whether another pod has taken the request of this caller already. */
  readonly isCounted: (caller: Caller) => boolean;
}

const PASSED: Take = { ok: true };

export const createRequestLimiter = ({ limiter, addressOf, isCounted }: RequestLimiterOptions): RequestLimiter => ({
  burst: limiter.burst,
  take(request, caller, cost) {
    if (isCounted(caller)) return PASSED;
    return limiter.take(caller.id === ANONYMOUS.id ? budgetOfAddress(addressOf(request)) : caller.id, cost);
  },
});

/** One customer of a provider has a whole /64 of IPv6 addresses. */
export const budgetOfAddress = (address: string): string => `address ${isIPv6(address) ? network(address) : address}`;

/** The first 64 bits, with what `::` stands for written out. */
function network(address: string): string {
  const [head = '', tail] = (address.split('%', 1)[0] as string).split('::');
  const groups = head === '' ? [] : head.split(':');
  const rest = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - groups.length - rest.length;
  return [...groups, ...Array.from({ length: zeros }, () => '0'), ...rest].slice(0, 4).join(':');
}
