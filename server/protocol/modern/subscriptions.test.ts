/** Whose subscriptions are taken, and what is kept of them; over lines in memory. */
import { expect, test } from 'vitest';
import { createLocalBus } from '../../events/event.ts';
import { releaseMemory } from '../../memory.ts';
import type { Caller } from '../../toolsets/call.ts';
import { everything } from '../../toolsets/everything/toolset.ts';
import { testDispatch } from '../dispatch.testing.ts';
import { createTestLine, type TestLine } from './line.testing.ts';
import type { Extension } from './methods.ts';
import { ModernRequest } from './request.ts';
import { createResults } from './results.ts';
import { Subscriptions } from './subscriptions.ts';
import type { TaskStates } from './task-watch.ts';

const ANN = { id: 'ann' };
const LISTS = { toolsListChanged: true };
const TASKS = { taskIds: ['one'] };
const deps = await everything.open({} as never);

function openSubscriptions(maxSubscriptions: number, known: TaskStates['known'] = async (ids) => ids) {
  const bus = createLocalBus();
  const tasks: TaskStates = { known, read: async (id) => `"taskId":"${id}"` };
  const extension: Extension = { id: 'tasks', settings: {}, methods: () => new Map(), tasks };
  const { table } = testDispatch(everything, deps).dispatch;
  const results = createResults({ name: 'test', version: '1' });
  const subscriptions = new Subscriptions({ table, bus, results, maxSubscriptions, extensions: [extension] });
  const listen = (notifications: object, caller: Caller = ANN, { line }: TestLine = createTestLine()) => {
    const params = { notifications };
    const received = { id: 1, method: 'subscriptions/listen', params, meta: {}, version: '', capabilities: {} };
    const channel = { open: true, say: line.send, whenGone: line.whenClosed, stay: () => line };
    const request = new ModernRequest(received, channel, caller, 'http');
    return { answer: subscriptions.open(params, request), request: new WeakRef(request) };
  };
  return { subscriptions, bus, listen };
}

test('a subscription that is being opened has its place already, and gives it back where it comes to nothing', async () => {
  const { promise, reject } = Promise.withResolvers<readonly string[]>();
  const waiting = [promise, Promise.resolve([]), Promise.resolve(['one'])];
  const { subscriptions, listen } = openSubscriptions(1, async () => (await waiting.shift()) ?? []);
  const { answer } = listen(TASKS);
  expect(() => listen(LISTS)).toThrow('limit reached');
  expect(() => listen(TASKS)).toThrow('limit reached');
  reject(new Error('the store does not answer'));
  await expect(answer).rejects.toThrow('does not answer');
  expect(await listen(TASKS).answer).toContain('complete'); // she may hear of nothing
  expect(await listen(TASKS).answer).toBeUndefined();
  expect(subscriptions.count).toBe(1);
  expect(() => listen(LISTS)).toThrow('limit reached');
});

test('one caller cannot take what others need, and gets more again when some of theirs have ended', () => {
  const { subscriptions, listen } = openSubscriptions(20);
  const [eve, ada] = [
    { id: 'eve', scopes: new Set<string>() },
    { id: 'ada', scopes: new Set<string>() },
  ];
  const lines = Array.from({ length: 18 }, () => createTestLine());
  for (const line of lines) listen(LISTS, eve, line);
  expect(() => listen(LISTS, eve)).toThrow('for others');
  listen(LISTS, ada);
  expect(subscriptions.count).toBe(19);
  for (const { line } of lines.slice(0, 8)) line.end();
  listen(LISTS, eve);
  expect(subscriptions.count).toBe(12);
});

test.each([
  ['lists', LISTS],
  ['tasks', TASKS],
])('a listener for %s holds nothing of its request, and goes on hearing', async (_what, notifications) => {
  const { subscriptions, bus, listen } = openSubscriptions(20);
  const lines = Array.from({ length: 10 }, () => createTestLine());
  const opened = lines.map((line) => listen(notifications, ANN, line));
  const requests = opened.map(({ request }) => request);
  for (const { answer } of opened.splice(0)) await answer;
  await new Promise(setImmediate);
  releaseMemory();
  expect(requests.filter((request) => request.deref() !== undefined)).toEqual([]);
  expect(subscriptions.count).toBe(10);
  const before = lines.map(({ sent }) => sent.length);
  bus.publish({ type: 'all' });
  await expect.poll(() => lines.every(({ sent }, i) => sent.length > (before[i] ?? 0))).toBe(true);
});
