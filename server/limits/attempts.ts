/**
 * How often a secret may be tried: from one address, and for one account from wherever. Right attempts cost as much as
 * wrong ones, for who may try without end until it is right can guess. Must not know what is tried.
 */
import type { IncomingMessage } from 'node:http';
import type { AddressOf } from './client-address.ts';
import { type OpenRateLimiterOptions, openRateLimiter } from './open.ts';
import type { RateLimiter, Take } from './rate-limiter.ts';
import { budgetOfAddress } from './request-limiter.ts';

export interface Attempts {
  /** Spends one attempt of the address that the request comes from. */
  from(request: IncomingMessage): Promise<Take>;
  /** Spends one attempt at the account, whether it exists or not. */
  at(account: string): Promise<Take>;
}

/** Attempts a minute; ten seconds' worth at once. */
const PER_ADDRESS = 60;
const PER_ACCOUNT = 300;
const MAX_ACCOUNT = 256;

export interface AttemptsOptions extends Omit<OpenRateLimiterOptions, 'perMinute' | 'purpose'> {
  readonly addressOf: AddressOf;
  /** Called for each that was refused. */
  readonly refused: () => void;
}

export async function openAttempts({ addressOf, refused, ...options }: AttemptsOptions): Promise<Attempts> {
  const [addresses, accounts] = await Promise.all([
    openRateLimiter({ ...options, purpose: 'attempts-from', perMinute: PER_ADDRESS }),
    openRateLimiter({ ...options, purpose: 'attempts-at', perMinute: PER_ACCOUNT }),
  ]);
  const take = async (limiter: RateLimiter | undefined, owner: string): Promise<Take> => {
    const taken = (await limiter?.take(owner)) ?? { ok: true };
    if (!taken.ok) refused();
    return taken;
  };
  return {
    from: (request) => take(addresses, budgetOfAddress(addressOf(request))),
    at: (account) => take(accounts, account.slice(0, MAX_ACCOUNT)),
  };
}
