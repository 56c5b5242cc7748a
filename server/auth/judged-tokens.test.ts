/**
 * What is remembered of verdicts, for how long, and what ends it; with a verifier whose answers the test writes.
 */
import { describe, expect, test } from 'vitest';
import { createChallenges } from './challenge.ts';
import { createJudgedTokens, type JudgedTokens } from './judged-tokens.ts';
import { rejected, type Verification } from './verdict.ts';
import { createVerdictCache } from './verdict-cache.ts';

interface World {
  readonly tokens: JudgedTokens;
  now: number;
  verified: string[];
  answer: (token: string) => Verification | Promise<Verification>;
}

function world(believedMs: number, capacity = 100): World {
  const state: Omit<World, 'tokens'> = {
    now: 1_000_000,
    verified: [],
    answer: (token) => ({ type: 'Verified', caller: { id: token }, expiresAt: Infinity }),
  };
  const tokens = createJudgedTokens({
    verifier: {
      believedMs,
      close: () => Promise.resolve(),
      async verify(token) {
        state.verified.push(token);
        return state.answer(token);
      },
    },
    challenges: createChallenges({ metadataUrl: undefined, requiredScopes: [] }),
    requiredScopes: [],
    now: () => state.now,
    capacity,
  });
  return Object.assign(state, { tokens });
}

const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('a verdict that was given a moment ago', () => {
  test('comes at once, without the verifier', async () => {
    const { tokens, verified } = world(60_000);
    expect(tokens.judge('a')).toBeInstanceOf(Promise);
    await settled();
    expect(tokens.judge('a')).toEqual({ ok: true, caller: { id: 'a' } });
    expect(verified).toEqual(['a']);
  });

  test('is not given past the end of the token, or after a minute, or by a clock that went back', async () => {
    const it = world(600_000);
    it.answer = () => ({ type: 'Verified', caller: { id: 'a' }, expiresAt: it.now + 10_000 });
    await it.tokens.judge('a');
    it.now += 10_000;
    expect(it.tokens.judge('a')).toBeInstanceOf(Promise);
    it.answer = () => ({ type: 'Verified', caller: { id: 'b' }, expiresAt: Infinity });
    await it.tokens.judge('b');
    it.now += 60_000;
    expect(it.tokens.judge('b')).toBeInstanceOf(Promise);
    await settled();
    it.now -= 1;
    expect(it.tokens.judge('b')).toBeInstanceOf(Promise);
  });

  test('is renewed while it is used, so that nobody waits', async () => {
    const it = world(5_000);
    await it.tokens.judge('a');
    for (let i = 0; i < 20; i += 1) {
      it.now += 1_000;
      expect(it.tokens.judge('a')).toEqual({ ok: true, caller: { id: 'a' } });
      await settled();
    }
    expect(it.verified.length).toBeLessThan(9);
  });

  test('a revoked token is noticed within five seconds, used or not', async () => {
    const it = world(5_000);
    await Promise.all([it.tokens.judge('busy'), it.tokens.judge('idle')]);
    it.answer = () => rejected('revoked');
    it.now += 4_000;
    await it.tokens.judge('busy');
    await settled();
    expect(await it.tokens.judge('busy')).toMatchObject({ ok: false, refusal: { status: 401 } });
    it.now += 1_000;
    expect(await it.tokens.judge('idle')).toMatchObject({ ok: false, refusal: { status: 401 } });
  });

  test('is used on for a minute while the verifier cannot tell, which is asked once a second', async () => {
    const it = world(5_000);
    await it.tokens.judge('a');
    it.answer = () => ({ type: 'Unavailable', because: 'away' });
    for (let i = 0; i < 590; i += 1) {
      it.now += 100;
      expect((await it.tokens.judge('a')).ok).toBe(true);
    }
    expect(it.verified.length).toBeLessThan(70);
    it.now += 2_000;
    expect(await it.tokens.judge('a')).toMatchObject({ ok: false, refusal: { status: 503 } });
    expect(await it.tokens.judge('new')).toMatchObject({ ok: false, refusal: { status: 503 } });
  });

  test('falls at once with what it rests on', async () => {
    const it = world(60_000);
    let stands = true;
    it.answer = (id) => ({ type: 'Verified', caller: { id }, expiresAt: Infinity, current: () => stands });
    await it.tokens.judge('a');
    stands = false;
    it.answer = () => rejected('gone');
    expect(await it.tokens.judge('a')).toMatchObject({ ok: false });
  });
});

describe('a refusal', () => {
  test('is remembered for five seconds if it is final, and not at all if the token may be good soon', async () => {
    const it = world(60_000);
    it.answer = (token) => rejected('wrong', token === 'final');
    await Promise.all([it.tokens.judge('final'), it.tokens.judge('early')]);
    expect(it.tokens.judge('final')).toMatchObject({ ok: false });
    expect(it.tokens.judge('early')).toBeInstanceOf(Promise);
    it.now += 5_000;
    expect(it.tokens.judge('final')).toBeInstanceOf(Promise);
  });

  test('a flood of them drives out no caller', async () => {
    const it = world(60_000);
    await it.tokens.judge('alice');
    it.answer = () => rejected('wrong');
    for (let i = 0; i < 1_000; i += 1) await it.tokens.judge(`wrong-${i}`);
    expect(it.tokens.judge('alice')).toEqual({ ok: true, caller: { id: 'alice' } });
  });
});

describe('many requests at once', () => {
  test('with one token are one verification', async () => {
    const { tokens, verified } = world(60_000);
    const verdicts = await Promise.all(Array.from({ length: 100 }, async () => tokens.judge('a')));
    expect([verified.length, verdicts.every(({ ok }) => ok)]).toEqual([1, true]);
  });

  test('with ever other tokens are bounded', async () => {
    const it = world(60_000);
    const slow = Promise.withResolvers<Verification>();
    it.answer = () => slow.promise;
    const verdicts = Array.from({ length: 1_500 }, async (_, i) => it.tokens.judge(`token-${i}`));
    expect(await verdicts.at(-1)).toMatchObject({ ok: false, refusal: { status: 503 } });
    expect(it.verified.length).toBe(1_000);
    slow.resolve(rejected('wrong'));
    await Promise.all(verdicts);
  });
});

test('a cache keeps what was used last and never more than twice its capacity', () => {
  const cache = createVerdictCache<number>(100);
  cache.set('kept', 0);
  for (let i = 0; i < 10_000; i += 1) {
    cache.set(`key-${i}`, i);
    cache.get('kept');
    expect(cache.size).toBeLessThanOrEqual(200);
  }
  expect([cache.get('kept'), cache.get('key-9999'), cache.get('key-0')]).toEqual([0, 9_999, undefined]);
  cache.delete('kept');
  expect(cache.get('kept')).toBeUndefined();
});
