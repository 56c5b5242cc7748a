import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Clock, systemClock } from './clock.ts';
import { LeaderElection, type LeaseOptions } from './lease.ts';
import { silentLogger } from './log.ts';
import * as kinds from './resources.ts';
import { createClient, type RestClient } from './rest-client.ts';
import { startTestApi, type TestApi } from './testing/api.ts';

let api: TestApi;
let clients: RestClient[];
let stop: AbortController;
let holding: Promise<void>[];

const key = { namespace: 'a', name: 'operator' };
const times = { durationMs: 600, renewDeadlineMs: 400, retryMs: 60 };

beforeEach(async () => {
  api = await startTestApi();
  clients = [];
  holding = [];
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await Promise.all(holding);
  await Promise.all(clients.map((client) => client.close()));
  await api.close();
});

interface Candidate {
  readonly election: LeaderElection;
  readonly lost: unknown[];
  /** Acquires, then holds until `leave` aborts. Resolves with the time of acquisition. */
  lead(leave?: AbortSignal): Promise<number>;
}

function candidate(identity: string, options: Partial<LeaseOptions> = {}): Candidate {
  const client = createClient({ config: api.config });
  clients.push(client);
  const lost: unknown[] = [];
  const fatal = (error: unknown): void => void lost.push(error);
  const election = new LeaderElection({ client, key, identity, log: silentLogger, fatal, ...times, ...options });
  return {
    election,
    lost,
    lead: async (leave = stop.signal) => {
      await election.acquire(stop.signal);
      holding.push(election.hold(leave));
      return performance.now();
    },
  };
}

const holder = (): string | undefined => api.find(kinds.leases, key)?.spec.holderIdentity;

test('one of two leads; when it leaves, the other follows within a fraction of the lease', async () => {
  const [first, second] = [candidate('first'), candidate('second')];
  const leave = new AbortController();
  await first.lead(leave.signal);
  expect(first.election.valid()).toBe(true);
  const followed = second.lead();
  await new Promise((resolve) => setTimeout(resolve, 1.3 * times.durationMs));
  expect([holder(), second.election.valid()]).toEqual(['first', false]);
  const left = performance.now();
  leave.abort();
  expect((await followed) - left).toBeLessThan(times.durationMs / 2);
  expect([holder(), first.election.valid(), second.election.valid()]).toEqual(['second', false, true]);
  expect(first.lost).toEqual([]);
  expect(api.get(kinds.leases, key).spec.leaseTransitions).toBe(1);
});

test('a leader that dies is succeeded when its lease has run out by the local clock, and not before', async () => {
  const first = candidate('first');
  await first.election.acquire(stop.signal);
  const died = performance.now();
  const waited = (await candidate('second').lead()) - died;
  expect(waited).toBeGreaterThan(times.durationMs - 100);
  // The record says whole seconds.
  expect(waited).toBeLessThan(1000 + times.durationMs);
});

test('a leader cut off from the API server stops writing before its lease runs out, and says so', async () => {
  const only = candidate('only');
  await only.lead();
  api.faults.inject({ kind: 'reset' }, undefined, Number.POSITIVE_INFINITY);
  const cut = performance.now();
  await expect.poll(() => only.election.valid(), { interval: 5 }).toBe(false);
  expect(performance.now() - cut).toBeLessThan(times.durationMs);
  await expect.poll(() => only.lost).toHaveLength(1);
  api.faults.clear();
});

test('a few failing renewals do not cost the lead', async () => {
  const only = candidate('only');
  await only.lead();
  api.faults.inject({ kind: 'status', code: 500 }, ({ method }) => method === 'PUT', 3);
  await new Promise((resolve) => setTimeout(resolve, 1.3 * times.durationMs));
  expect([only.election.valid(), only.lost]).toEqual([true, []]);
});

test('a process that was stopped for longer than the deadline knows at once that it must not write', async () => {
  let skipped = 0;
  const clock: Clock = { ...systemClock, now: () => performance.now() + skipped };
  const only = candidate('only', { clock });
  await only.lead();
  skipped = times.renewDeadlineMs;
  expect(only.election.valid()).toBe(false);
  await expect.poll(() => only.lost).toHaveLength(1);
});

test('somebody who takes the lease by force ends the lead', async () => {
  const only = candidate('only');
  await only.lead();
  const lease = api.get(kinds.leases, key);
  api.put(kinds.leases, { ...lease, metadata: key, spec: { ...lease.spec, holderIdentity: 'thief' } });
  await expect.poll(() => only.lost).toHaveLength(1);
  expect(only.election.valid()).toBe(false);
  expect(holder()).toBe('thief');
});

test('times that cannot work are refused', () => {
  expect(() => candidate('x', { renewDeadlineMs: 700 })).toThrow('below the lease duration');
  expect(() => candidate('x', { retryMs: 300 })).toThrow('two tries');
});
