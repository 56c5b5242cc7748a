/** What becomes of tasks while the store fails, and how often it is asked; over a store whose failures are told. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import { afterEach, expect, test } from 'vitest';
import { createLocalBus } from '../../events/event.ts';
import type { Question } from '../../protocol/request.ts';
import { openDatabase } from '../../store/database.ts';
import { silent } from '../../store/databases.testing.ts';
import { migrate } from '../../store/migrate.ts';
import { migrations, type TaskTables } from './tables.ts';
import { TaskRunner } from './task-runner.ts';
import { createTaskStore, type TaskStore } from './task-store.ts';

const OWNER = 'team-a/assistant ann';
const QUESTION: Question = { method: 'elicitation/create', params: {} };
const DONE = { status: 'completed', result: '{}' } as const;
const { signal } = new AbortController();
const nothing = (): void => undefined;
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A runner over a store that does not do what is in `down`, where something else may happen meanwhile. */
async function openRunner(beatMs: number) {
  const opened = await openDatabase({ type: 'Embedded', path: ':memory:' }, { log: silent });
  await migrate(opened.database, opened.dialect, 'extension-tasks', migrations);
  const database: Kysely<TaskTables> = opened.database;
  const bus = createLocalBus();
  const changed = (id: string): void => bus.publish({ type: 'task', id });
  const store = createTaskStore({ database, now: () => new Date(), leaseMs: 60_000, ttlMs: 60_000, changed });
  const down = new Map<keyof TaskStore, () => void>();
  const asked: (keyof TaskStore)[] = [];
  const guarded = new Proxy(store, {
    get: (target, name: keyof TaskStore) =>
      ((...given: never[]) => {
        asked.push(name);
        const meanwhile = down.get(name);
        meanwhile?.();
        if (meanwhile) return Promise.reject(new Error('the store does not answer'));
        return (target[name] as (...all: never[]) => unknown)(...given);
      }) as never,
  });
  const runner = new TaskRunner({ store: guarded, bus, log: silent, maxRunning: 3, beatMs });
  closing.push(() => runner.close(0).then(() => opened.close()));
  const begin = async () => {
    const { task } = await runner.begin(OWNER);
    return { task, get: () => store.get(task.id, OWNER) };
  };
  const times = (name: keyof TaskStore): number => asked.filter((one) => one === name).length;
  return { runner, store, down, begin, times };
}

test('how far a task is reaches the store when that works again', async () => {
  const { runner, down, begin, times } = await openRunner(10);
  const { task, get } = await begin();
  down.set('renew', nothing);
  runner.tell(task, 'halfway');
  await expect.poll(() => times('renew')).toBeGreaterThan(1);
  down.clear();
  await expect.poll(get).toMatchObject({ message: 'halfway' });
});

test('what is said while a renewal fails is not overwritten by what that had to say', async () => {
  const { runner, down, begin, times } = await openRunner(10);
  const { task, get } = await begin();
  runner.tell(task, 'halfway');
  down.set('renew', () => {
    if (times('renew') === 1) runner.tell(task, 'nearly done');
  });
  await expect.poll(() => times('renew')).toBeGreaterThan(1);
  down.clear();
  await expect.poll(get).toMatchObject({ message: 'nearly done' });
});

test('the end of a task that the store refused is tried again with the next beat', async () => {
  const { runner, down, begin, times } = await openRunner(10);
  const { task, get } = await begin();
  down.set('finish', nothing);
  await runner.end(task, DONE);
  await expect.poll(() => times('finish')).toBeGreaterThan(1);
  expect(await get()).toMatchObject({ status: 'working' });
  down.clear();
  await expect.poll(get).toMatchObject({ status: 'completed' });
});

test('a key of a question is used once in a task', async () => {
  const { runner, store, begin } = await openRunner(60_000);
  const { task, get } = await begin();
  const first = runner.ask(task, 'name', QUESTION, signal);
  await expect(runner.ask(task, 'name', QUESTION, signal)).rejects.toThrow(
    'two questions of one task have the key name',
  );
  await expect.poll(get).toMatchObject({ status: 'input_required' });
  await store.answer(task.id, OWNER, { name: 'Ann' });
  expect(await first).toBe('Ann');
  await expect(runner.ask(task, 'name', QUESTION, signal)).rejects.toThrow('two questions');
});

test('questions of one turn reach the user together and in order', async () => {
  const { runner, store, begin, times } = await openRunner(60_000);
  const { task, get } = await begin();
  const keys = ['zulu', 'alpha', 'mike'];
  const answers = Promise.all(keys.map((key) => runner.ask(task, key, QUESTION, signal)));
  await expect.poll(get).toMatchObject({ status: 'input_required' });
  expect(Object.keys(JSON.parse((await get())?.questions ?? '') as object)).toEqual(keys);
  expect(times('ask')).toBe(1);
  await store.answer(task.id, OWNER, { zulu: 1, alpha: 2, mike: 3 });
  expect(await answers).toEqual([1, 2, 3]);
});

test('questions that the store does not take are refused, each to whoever asked', async () => {
  const { runner, down, begin } = await openRunner(60_000);
  const { task } = await begin();
  down.set('ask', nothing);
  const asked = ['one', 'two'].map((key) => runner.ask(task, key, QUESTION, signal));
  for (const answer of asked) await expect(answer).rejects.toThrow('the store does not answer');
});

test('what a runner writes with a beat it does not read once more for each task', async () => {
  const { runner, begin, times } = await openRunner(30);
  const tasks = [await begin(), await begin(), await begin()];
  for (const { task } of tasks) runner.tell(task, 'halfway');
  for (const { get } of tasks) await expect.poll(get).toMatchObject({ message: 'halfway' });
  await sleep(0);
  expect(times('look')).toBeLessThanOrEqual(times('renew'));
});
