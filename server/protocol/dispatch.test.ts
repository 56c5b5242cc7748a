/**
 * What every carrier of the protocol gets from the dispatch: rights, deadlines, progress, the audit log, and failures that
 * reach nobody but the log.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Call } from '../toolsets/toolset.ts';
import { over, said } from './one-tool.testing.ts';
import { ScopeRequired } from './rpc-error.ts';

test('an event that no toolset announces is logged once for each type, and one that is announced is not', async () => {
  const { call, bus, lines } = over(
    async (_input, { notify }) => {
      for (const type of ['tools', 'prompts', 'prompts', 'all'] as const) notify({ type });
      notify({ type: 'resource', uri: 'it://now' });
    },
    {},
    { needs: { publishes: ['tools'] } },
  );
  const heard: string[] = [];
  bus.subscribe(({ type }) => void heard.push(type));
  await call();
  await call();
  const logged = lines.filter(({ level }) => level === 'error').map(({ type }) => type);
  expect(logged).toEqual(['prompts', 'resource']);
  expect(heard.slice(0, 5)).toEqual(['tools', 'prompts', 'prompts', 'all', 'resource']);
});

describe('rights', () => {
  test('are asked for before anything is looked at or run', async () => {
    let runs = 0;
    const { call, audited } = over(async () => ++runs);
    const refusal = await call({ caller: { id: 'ann', scopes: new Set(['other']) } }, { n: 'x' }).catch(
      (e: unknown) => e,
    );
    expect(refusal).toBeInstanceOf(ScopeRequired);
    expect(refusal).toMatchObject({ scopes: ['it:use'] });
    expect(runs).toBe(0);
    expect(audited).toMatchObject([{ outcome: 'forbidden', operation: { method: 'tools/call', name: 'it' } }]);
  });

  test('that a caller has let it pass', async () => {
    const { call } = over(async () => 'ran');
    expect(await call({ caller: { id: 'ann', scopes: new Set(['it:use']) } })).toEqual(said('ran'));
  });
});

describe('a call that ends before its tool', () => {
  test('by its deadline is answered, its signal aborted, and a late failure reaches nobody', async () => {
    const reasons: unknown[] = [];
    let late: (() => void) | undefined;
    const { call, audited } = over(
      async (_input, { signal }) => {
        signal.addEventListener('abort', () => reasons.push(signal.reason));
        await new Promise<void>((resolve) => (late = resolve));
        throw new Error('a late panic');
      },
      { callTimeoutMs: 30 },
    );
    expect(await call()).toMatchObject({
      isError: true,
      content: [{ text: expect.stringContaining('0.03 s') as string }],
    });
    expect(reasons).toMatchObject([{ name: 'TimeoutExceeded' }]);
    late?.();
    await sleep(5); // an unhandled rejection would fail this test
    expect(audited.map(({ outcome }) => outcome)).toEqual(['timeout']);
  });

  test('because the client went away is cancelled at once', async () => {
    const controller = new AbortController();
    const { call, audited } = over(async (_input, { signal }) => sleep(60_000, undefined, { signal }));
    const answer = call({ signal: controller.signal });
    controller.abort();
    expect(await answer).toMatchObject({ isError: true, content: [{ text: 'The request was cancelled.' }] });
    expect(audited.map(({ outcome }) => outcome)).toEqual(['cancelled']);
  });
});

test('progress that does not grow, and progress after the end, is left out', async () => {
  const steps: unknown[] = [];
  let report: Call<undefined>['progress'] | undefined;
  const { call } = over(async (_input, { progress }) => {
    report = progress;
    for (const step of [1, 1, Number.NaN, 0, 3]) progress({ progress: step });
    return 'done';
  });
  await call({ progress: ({ progress }) => void steps.push(progress) });
  report?.({ progress: 9 });
  expect(steps).toEqual([1, 3]);
});

test('every request is written down once, without what it was given', async () => {
  const { call, audited, lines } = over(async () => 'secret result');
  await call({}, { n: 7 });
  await call({}, { n: 'secret argument' });
  await expect(call({ answers: { requestState: 'x' } })).rejects.toThrow('requestState');
  expect(audited.map(({ outcome, request }) => [outcome, request.caller.id])).toEqual([
    ['ok', 'ann'],
    ['invalid_arguments', 'ann'],
    ['invalid_arguments', 'ann'],
  ]);
  expect(JSON.stringify(lines)).not.toContain('secret');
});
