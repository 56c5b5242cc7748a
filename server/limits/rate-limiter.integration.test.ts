/**
 * The limit of one process, by a clock that the test moves.
 */
import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import type { Caller } from '../toolsets/call.ts';
import { createLocalRateLimiter, type LocalRateLimiter } from './rate-limiter.ts';
import { createRequestLimiter } from './request-limiter.ts';

const clock = { ms: 0 };
const limiter = (perMinute: number, maxCallers?: number): LocalRateLimiter => {
  clock.ms = 1e6;
  return createLocalRateLimiter({
    perMinute,
    now: () => clock.ms,
    ...(maxCallers === undefined ? {} : { maxCallers }),
  });
};
const passed = (limited: LocalRateLimiter, times: number, caller = 'ada'): number =>
  Array.from({ length: times }, () => limited.take(caller)).filter(({ ok }) => ok).length;

test('a burst is ten seconds of requests, exactly, and the next one is told when to come', () => {
  const limited = limiter(60);
  expect(passed(limited, 10)).toBe(10);
  expect(limited.take('ada')).toEqual({ ok: false, retryAfterMs: 1_000 });
  clock.ms += 999;
  expect(limited.take('ada')).toEqual({ ok: false, retryAfterMs: 1 });
  clock.ms += 1;
  expect(limited.take('ada')).toEqual({ ok: true });
  expect(limited.take('ada').ok).toBe(false);
});

test.each([1, 6, 7, 60, 100, 997, 60_000])(
  '%i a minute: no minute lets through more than that and a burst',
  (perMinute) => {
    const limited = limiter(perMinute);
    const burst = Math.max(1, Math.ceil(perMinute / 6));
    const times: number[] = [];
    for (let step = 0; step < 3 * 6_000; step += 1) {
      times.push(...Array.from({ length: passed(limited, 1 + Math.ceil(perMinute / 6_000)) }, () => clock.ms));
      clock.ms += 10;
    }
    let from = 0;
    for (const [to, at] of times.entries()) {
      while ((times[from] as number) <= at - 60_000) from += 1;
      expect(to - from + 1).toBeLessThanOrEqual(perMinute + burst);
    }
    expect(times.length).toBeGreaterThanOrEqual(3 * perMinute);
  },
);

test('a budget cannot be spent twice at the turn of a minute or of a generation', () => {
  const limited = limiter(60);
  for (const at of [9_999, 10_000, 10_001, 59_999, 60_000, 60_001]) {
    const fresh = limiter(60);
    clock.ms = 1e6 + at;
    expect(passed(fresh, 20)).toBe(10);
    clock.ms += 2;
    expect(passed(fresh, 20)).toBe(0);
  }
  expect(passed(limited, 20)).toBe(10);
});

test('callers do not share a budget, and a refused request costs nothing', () => {
  const limited = limiter(6);
  expect(limited.take('ada').ok).toBe(true);
  expect(limited.take('bob').ok).toBe(true);
  for (let n = 0; n < 100; n += 1) expect(limited.take('ada').ok).toBe(false);
  clock.ms += 10_000;
  expect(limited.take('ada').ok).toBe(true);
});

test('several requests at once are paid for together, or not at all', () => {
  const limited = limiter(60);
  expect(limited.burst).toBe(10);
  expect(limited.take('ada', 7)).toEqual({ ok: true });
  expect(limited.take('ada', 4)).toEqual({ ok: false, retryAfterMs: 1_000 });
  expect(limited.take('ada', 3)).toEqual({ ok: true });
  expect(limited.take('ada')).toEqual({ ok: false, retryAfterMs: 1_000 });
  clock.ms += 9_999;
  expect(limited.take('ada', 10)).toEqual({ ok: false, retryAfterMs: 1 });
  clock.ms += 1;
  expect(limited.take('ada', 10)).toEqual({ ok: true });
});

test('more than a whole budget is never let through, and costs nothing', () => {
  const limited = limiter(60);
  expect(limited.take('ada', 11)).toEqual({ ok: false, retryAfterMs: Infinity });
  expect(passed(limited, 20)).toBe(10);
  clock.ms += 3_600_000;
  expect(limited.take('ada', 11)).toEqual({ ok: false, retryAfterMs: Infinity });
});

test('a clock that stands still or jumps back gives nothing away and locks nobody out', () => {
  const limited = limiter(60);
  expect(passed(limited, 20)).toBe(10);
  clock.ms -= 5_000;
  expect(limited.take('ada')).toEqual({ ok: false, retryAfterMs: 6_000 });
  clock.ms += 6_000;
  expect(limited.take('ada').ok).toBe(true);
});

test('a million callers cost bounded memory, and one that stays active keeps its limit', () => {
  const limited = limiter(60, 10_000);
  passed(limited, 10, 'active');
  let through = 0;
  for (let n = 0; n < 1_000_000; n += 1) {
    limited.take(`caller ${n}`);
    if (n % 1_000 === 0) {
      clock.ms += 1;
      if (limited.take('active').ok) through += 1;
    }
  }
  expect(limited.size).toBeLessThanOrEqual(20_000);
  expect(through).toBeLessThanOrEqual(1);
});

describe('whose budget', () => {
  const request = {} as IncomingMessage;
  const spentBy = (caller: Caller, address: string): string[] => {
    const owners: string[] = [];
    const take = (owner: string): { ok: true } => (owners.push(owner), { ok: true });
    const limiter = { burst: 1, take };
    void createRequestLimiter({ limiter, addressOf: () => address, isCounted: () => false }).take(request, caller);
    return owners;
  };

  test.each([
    ['10.0.0.1', 'address 10.0.0.1'],
    ['2001:db8:1:2:3:4:5:6', 'address 2001:db8:1:2'],
    ['2001:db8:1:2::9', 'address 2001:db8:1:2'],
    ['2001:db8::9', 'address 2001:db8:0:0'],
    ['::1', 'address 0:0:0:0'],
    ['fe80::1%eth0', 'address fe80:0:0:0'],
    ['', 'address '],
  ])('without identities, from %s: %s', (address, owner) => {
    expect(spentBy({ id: 'anonymous' }, address)).toEqual([owner]);
  });

  test('it pays for as many requests as there are, unless another pod has taken them', () => {
    const caller: Caller = { id: 'ada', scopes: new Set() };
    let isCounted = true;
    const options = { limiter: limiter(60), addressOf: () => '', isCounted: () => isCounted };
    const requests = createRequestLimiter(options);
    expect(requests.burst).toBe(10);
    expect(requests.take(request, caller, 1_000)).toEqual({ ok: true });
    isCounted = false;
    expect(requests.take(request, caller, 10)).toEqual({ ok: true });
    expect(requests.take(request, caller)).toEqual({ ok: false, retryAfterMs: 1_000 });
  });

  test('with one it is the caller, wherever it calls from', () => {
    expect(spentBy({ id: 'ada', scopes: new Set() }, '10.0.0.1')).toEqual(['ada']);
    const account = 'system:serviceaccount:team-a:agent';
    expect(spentBy({ id: account }, '10.0.0.1')).toEqual([account]);
  });
});
