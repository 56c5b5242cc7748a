/**
 * What a tool asks the user, in rounds where nobody can be asked within a call and at once where somebody can, and what
 * its author is told of a question that cannot be.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Toolset } from '../toolsets/toolset.ts';
import { over, type Run, said } from './one-tool.testing.ts';
import type { Request } from './request.ts';

const NAME = z.object({ name: z.string().min(1) });
const who = { message: 'Who?', schema: NAME };
const accept = (name: string) => ({ action: 'accept', content: { name } });

describe('questions where nobody can be asked within a call', () => {
  const twoRounds: Run = async (_input, { elicit }) => {
    const first = await elicit('first', who);
    const second = await elicit('second', who);
    return JSON.stringify([first, second]);
  };

  test('asked one after the other take a round each, and the tool sees all answers', async () => {
    const { call, ask } = over(twoRounds);
    const first = await ask();
    expect(Object.keys(first.inputRequests)).toEqual(['first']);
    const second = await ask({
      answers: { inputResponses: { first: accept('Ann') }, requestState: first.requestState },
    });
    expect(Object.keys(second.inputRequests)).toEqual(['second']);
    expect(second.requestState).not.toBe(first.requestState);
    expect(
      await call({ answers: { inputResponses: { second: accept('Bob') }, requestState: second.requestState } }),
    ).toEqual(said(JSON.stringify([accept('Ann'), accept('Bob')])));
  });

  test('asked at once reach the client together', async () => {
    const { call, ask } = over(async (_input, { elicit, sample, roots }) => {
      const [name, , folders] = await Promise.all([
        elicit('name', who),
        sample('word', { messages: [], maxTokens: 5 }),
        roots('folders'),
      ]);
      return `${name.action} ${folders.length}`;
    });
    const { inputRequests, requestState } = await ask();
    expect(Object.entries(inputRequests).map(([key, { method }]) => [key, method])).toEqual([
      ['name', 'elicitation/create'],
      ['word', 'sampling/createMessage'],
      ['folders', 'roots/list'],
    ]);
    const word = { role: 'assistant', content: { type: 'text', text: 'x' }, model: 'm' };
    const inputResponses = { name: { action: 'decline' }, word, folders: { roots: [{ uri: 'file:///a' }] } };
    expect(await call({ answers: { inputResponses, requestState } })).toEqual(said('decline 1'));
  });

  test('are asked again where the answer is missing or does not fit', async () => {
    const { ask } = over(twoRounds);
    for (const inputResponses of [{ other: accept('Ann') }, { first: 12345 }, { first: accept('') }])
      expect(Object.keys((await ask({ answers: { inputResponses } })).inputRequests)).toEqual(['first']);
  });

  test('leave nothing behind: what the tool holds is let go', async () => {
    let held = 0;
    const { ask } = over(async (_input, { elicit }) => {
      held += 1;
      try {
        return (await elicit('name', who)).action;
      } finally {
        held -= 1;
      }
    });
    await ask();
    await sleep(0);
    expect(held).toBe(0);
  });

  test('that the tool does not wait for do not hold up its answer', async () => {
    const { call } = over(async (_input, { elicit }) => {
      void elicit('name', who);
      return 'done';
    });
    expect(await call()).toEqual(said('done'));
  });

  test('with answers that are too long are refused', async () => {
    const { call } = over(twoRounds);
    const answer = await call({ answers: { inputResponses: { first: accept('x'.repeat(40_000)) } } });
    expect(answer).toMatchObject({
      isError: true,
      content: [{ text: expect.stringContaining('Answer shorter') as string }],
    });
  });

  describe('do not take a state', () => {
    const tampered = (text: string): string => `${text.slice(0, 40)}${text[40] === 'A' ? 'B' : 'A'}${text.slice(41)}`;
    test.each<[string, (state: string) => [Partial<Request>, object]]>([
      ['that was changed', (requestState) => [{ answers: { requestState: tampered(requestState) } }, {}]],
      ['with something added', (requestState) => [{ answers: { requestState: `${requestState}-TAMPERED` } }, {}]],
      ['of somebody else', (requestState) => [{ caller: { id: 'bob' }, answers: { requestState } }, {}]],
      ['of other arguments', (requestState) => [{ answers: { requestState } }, { n: 2 }]],
      ['that is empty', () => [{ answers: { requestState: '' } }, {}]],
    ])('%s', async (_name, change) => {
      const { call, ask } = over(twoRounds);
      const { requestState } = await ask({}, { n: 1 });
      const [request, given] = change(requestState);
      await expect(call(request, { n: 1, ...given })).rejects.toMatchObject({ code: -32602 });
    });

    test('that is older than ten minutes', async () => {
      const { call, ask, forward } = over(twoRounds);
      const { requestState } = await ask();
      forward(599_000);
      await ask({ answers: { requestState } });
      forward(2_000);
      await expect(call({ answers: { requestState } })).rejects.toMatchObject({ code: -32602 });
    });
  });

  test('take a state whose arguments came in another order', async () => {
    const { ask } = over(async (_input, { elicit }) => (await elicit('name', who)).action);
    const { requestState } = await ask({}, { n: 1, m: { a: 1, b: 2 } }).catch(() => ask({}, { n: 1 }));
    expect((await ask({ answers: { requestState } }, { n: 1 })).inputRequests).toHaveProperty('name');
  });
});

describe('questions where the client can be asked', () => {
  test('are asked at once, and the answer goes on with the same run', async () => {
    let runs = 0;
    const { call } = over(async (_input, { elicit }) => {
      runs += 1;
      const answer = await elicit('name', who);
      return answer.action === 'accept' ? answer.content.name : answer.action;
    });
    const asked: unknown[] = [];
    const ask = async (question: unknown) => {
      asked.push(question);
      return accept('Ann');
    };
    expect(await call({ revision: '2025-11-25', ask })).toEqual(said('Ann'));
    expect([runs, asked.length]).toEqual([1, 1]);
  });

  test('fail the call with a sentence where the answer does not fit', async () => {
    const { call } = over(async (_input, { elicit }) => (await elicit('name', who)).action);
    expect(await call({ revision: '2025-11-25', ask: async () => ({}) })).toMatchObject({ isError: true });
  });
});

describe('a mistake of the tool is an id for the client and a line in the log, in every era:', () => {
  const nested = { message: 'Who?', schema: z.object({ name: z.object({ first: z.string() }) }) };
  test.each<[string, Run, Partial<Toolset<undefined, unknown>>, string]>([
    [
      'two questions of one key',
      async (_input, { elicit }) => Promise.all([elicit('a', who), elicit('a', who)]),
      {},
      'two questions of one call have the key a',
    ],
    [
      'the second question of a key after the first was answered',
      async (_input, { elicit }) => [await elicit('a', who), await elicit('a', who)],
      {},
      'two questions of one call have the key a',
    ],
    [
      'a form that the protocol does not have',
      async (_input, { elicit }) => elicit('a', nested),
      {},
      'elicit a: the field name must be a text, number, boolean or choice of texts',
    ],
    [
      'a toolset that asks and does not say so',
      async (_input, { elicit }) => elicit('a', who),
      { needs: {} },
      'a tool asks, but no toolset says needs.asks',
    ],
  ])('%s', async (_name, run, toolset, message) => {
    const inputResponses = { a: accept('Ann') };
    for (const request of [
      { answers: { inputResponses } },
      { revision: '2025-11-25', ask: async () => inputResponses.a },
    ] as const) {
      const { call, lines } = over(run, {}, toolset);
      expect(await call(request)).toEqual(said('internal error, id id-1', true));
      expect(lines).toContainEqual(expect.objectContaining({ error: expect.objectContaining({ message }) as object }));
    }
  });
});

test('a request that stands alone is told to open a session where there are any, not that its client cannot', async () => {
  const run: Run = async (_input, { elicit }) => (await elicit('name', who)).action;
  const ask = async (): Promise<never> => Promise.reject(new Error('asked all the same'));
  const request = { revision: '2025-11-25', ask, standsAlone: true, client: { capabilities: {} } } as const;
  const sentence = 'This asks the user or the client, for which the client must open a session.';
  expect(await over(run).call(request)).toEqual(said(sentence, true));
  expect(await over(run, {}, { needs: {} }).call(request)).toEqual(said('internal error, id id-1', true));
});

test('a client that cannot be asked is told what it lacks, by the protocol or, in older revisions, in words', async () => {
  const { call } = over(async (_input, { elicit }) => (await elicit('name', who)).action);
  const client = { capabilities: {} };
  await expect(call({ client })).rejects.toMatchObject({
    code: -32021,
    httpStatus: 400,
    data: { requiredCapabilities: { elicitation: { form: {} } } },
  });
  expect(await call({ client, revision: '2025-06-18' })).toMatchObject({
    isError: true,
    content: [{ text: expect.stringContaining('cannot be asked') as string }],
  });
});
