import type { Kysely } from 'kysely';
import { expect, test, vi } from 'vitest';
import { createLocalBus } from '../../events/event.ts';
import { TASKS } from '../../protocol/tool-call.ts';
import { describeDatabases } from '../../store/databases.testing.ts';
import { accept, openPod, unknownId } from './pods.testing.ts';
import type { TaskTables } from './tables.ts';
import { createTaskStore } from './task-store.ts';

const WITHOUT = { client: { capabilities: {} } };
const until = { timeout: 10_000, interval: 10 };
/** Looks at the store so often that no event is needed. */
const QUICK = { leaseMs: 300 };

await describeDatabases((databases) => {
  test('a task is known to every pod when its handle is given, and its result is found everywhere', async () => {
    const store = await databases.open();
    const [one, other] = [await openPod(store), await openPod(store)];
    const handle = await one.call('wait');
    expect(handle).toMatchObject({ status: 'working', ttlMs: 7_200_000, pollIntervalMs: 1_000 });
    const id = String(handle['taskId']);
    const state = await other.get(id);
    expect(state).toMatchObject({ resultType: 'complete', taskId: id, status: 'working' });
    expect(state).not.toHaveProperty('result');
    one.release();
    await vi.waitFor(async () => expect(await other.get(id)).toMatchObject({ status: 'completed' }), until);
    expect(await other.get(id)).toMatchObject({
      result: { content: [{ type: 'text', text: '{"waited":true}' }], structuredContent: { waited: true } },
    });
    await Promise.all([one.close(0), other.close(0)]);
  });

  test('a task belongs to who began it', async () => {
    const pod = await openPod(await databases.open());
    const id = await pod.begin('wait');
    const unknown = { code: -32_602 };
    await expect(pod.get(id, 'eve')).rejects.toMatchObject(unknown);
    await expect(pod.update(id, {}, 'eve')).rejects.toMatchObject(unknown);
    await expect(pod.cancel(id, 'eve')).rejects.toMatchObject(unknown);
    await expect(pod.get(unknownId())).rejects.toMatchObject(unknown);
    expect(await pod.get(id)).toMatchObject({ status: 'working' });
    await pod.close(0);
  });

  test('a client that cannot follow tasks waits for its answer, and is refused where it must not', async () => {
    const pod = await openPod(await databases.open());
    pod.release();
    expect(await pod.call('wait', {}, WITHOUT)).toMatchObject({ structuredContent: { waited: true } });
    const data = { requiredCapabilities: { extensions: { [TASKS]: {} } } };
    const refused = { code: -32_021, data, httpStatus: 400 };
    await expect(pod.call('fail', { how: 'tool' }, WITHOUT)).rejects.toMatchObject(refused);
    for (const method of ['tasks/get', 'tasks/update', 'tasks/cancel'])
      await expect(pod.ask(method, { taskId: 'x', inputResponses: {} }, 'ann', WITHOUT)).rejects.toMatchObject(refused);
    const old = await pod.call('fail', { how: 'tool' }, { ...WITHOUT, revision: '2025-11-25' });
    expect(old).toMatchObject({ isError: true, content: [{ text: expect.stringContaining('2026-07-28') as string }] });
    await pod.close(0);
  });

  test('what is wrong with a call is said at once, without a task', async () => {
    const store = await databases.open();
    const pod = await openPod(store);
    expect(await pod.call('wait', { heeds: 'no' })).toMatchObject({ isError: true });
    await expect(pod.call('wait', {}, { caller: { id: 'ann', scopes: new Set() } })).rejects.toMatchObject({
      scopes: ['jobs'],
    });
    expect(await pod.statuses()).toEqual([]);
    await pod.close(0);
  });

  test('a tool that says it has failed has completed; one that broke has failed, and no detail is told', async () => {
    const pod = await openPod(await databases.open());
    const [said, broke] = [await pod.begin('fail', { how: 'tool' }), await pod.begin('fail', { how: 'bug' })];
    await vi.waitFor(async () => expect(await pod.get(broke)).toMatchObject({ status: 'failed' }), until);
    await vi.waitFor(async () => expect(await pod.get(said)).toMatchObject({ status: 'completed' }), until);
    expect(await pod.get(said)).toMatchObject({
      result: { isError: true, content: [{ text: 'There is nothing to do.' }] },
    });
    const failed = await pod.get(broke);
    expect(failed).toMatchObject({
      error: { code: -32_603, message: expect.stringMatching(/^internal error, id/) as string },
    });
    expect(failed).not.toHaveProperty('result');
    expect(JSON.stringify(failed)).not.toContain('secret');
    await pod.close(0);
  });

  test('a task asks through any pod, and goes on when all is answered', async () => {
    const store = await databases.open();
    const bus = createLocalBus();
    const [one, other] = [await openPod(store, { bus }), await openPod(store, { bus })];
    const id = await one.begin('ask');
    const asked = { status: 'input_required', inputRequests: { first: { method: 'elicitation/create' }, second: {} } };
    await vi.waitFor(async () => expect(await other.get(id)).toMatchObject(asked), until);
    expect(await other.update(id, { first: accept('Ann'), nobody: accept('asked') })).toMatchObject({
      resultType: 'complete',
    });
    const left = await other.get(id);
    expect(left).toMatchObject({ status: 'input_required' });
    expect(Object.keys(left['inputRequests'] as object)).toEqual(['second']);
    await other.update(id, { first: accept('Eve'), second: accept('Bob') });
    await vi.waitFor(async () => expect(await other.get(id)).toMatchObject({ status: 'completed' }), until);
    expect(await other.get(id)).toMatchObject({ result: { content: [{ text: 'Ann and Bob' }] } });
    await Promise.all([one.close(0), other.close(0)]);
  });

  test('a task that is cancelled while it asks ends, whenever that is', async () => {
    const bus = createLocalBus();
    const pod = await openPod(await databases.open(), { bus });
    for (let i = 0; i < 10; i += 1) {
      const id = await pod.begin('ask');
      await pod.cancel(id);
      expect(await pod.get(id)).toMatchObject({ status: 'cancelled' });
    }
    await pod.close(10_000);
  });

  test('answers are bounded', async () => {
    const pod = await openPod(await databases.open());
    const id = await pod.begin('ask');
    await vi.waitFor(async () => expect(await pod.get(id)).toMatchObject({ status: 'input_required' }), until);
    await expect(pod.update(id, { first: accept('x'.repeat(300_000)) })).rejects.toMatchObject({ code: -32_602 });
    await expect(pod.ask('tasks/update', { taskId: id }, 'ann')).rejects.toMatchObject({ code: -32_602 });
    await pod.close(0);
  });

  test.each(['an event', 'the next look'])('a task that another pod cancels is stopped by %s', async (by) => {
    const store = await databases.open();
    const shared = by === 'an event' ? { bus: createLocalBus() } : QUICK;
    const [one, other] = [await openPod(store, shared), await openPod(store, shared)];
    const id = await one.begin('wait');
    // With what it says the first look has been: without an event only the next one can tell of what comes now.
    const looked = by === 'an event' ? {} : { statusMessage: '1 of 3' };
    await vi.waitFor(async () => expect(await other.get(id)).toMatchObject({ status: 'working', ...looked }), until);
    expect(await other.cancel(id)).toEqual(expect.not.objectContaining({ status: expect.anything() as unknown }));
    expect(await other.get(id)).toMatchObject({ status: 'cancelled' });
    await vi.waitFor(() => expect(one.done).toEqual(['begun', 'aborted']), until);
    expect(await one.cancel(id)).toMatchObject({ resultType: 'complete' });
    await Promise.all([one.close(0), other.close(0)]);
  });

  test('a task stays cancelled when its tool ends nevertheless', async () => {
    const pod = await openPod(await databases.open());
    const id = await pod.begin('wait', { heeds: false });
    await pod.cancel(id);
    pod.release();
    await pod.close(10_000);
    expect(pod.done).toEqual(['begun', 'ended']);
    expect(await pod.get(id)).toMatchObject({ status: 'cancelled' });
  });

  test('a task whose process has gone fails when its lease is over, and is forgotten when it expires', async () => {
    const opened = await databases.open();
    let ahead = 0;
    const now = (): Date => new Date(Date.now() + ahead);
    const pod = await openPod(opened, { now });
    const database = opened.database as unknown as Kysely<TaskTables>;
    const store = createTaskStore({ database, now, leaseMs: 30_000, ttlMs: 7_200_000, changed: () => undefined });
    const id = unknownId();
    await store.create({ id, owner: 'team-a/assistant ann', runner: 'gone' });
    expect(await pod.get(id)).toMatchObject({ status: 'working' });
    ahead = 31_000;
    expect(await pod.get(id)).toMatchObject({ status: 'failed', error: { code: -32_603 } });
    await store.finish(id, { status: 'completed', result: '{}' });
    expect(await pod.get(id)).toMatchObject({ status: 'failed' });
    ahead = 7_201_000;
    await expect(pod.get(id)).rejects.toMatchObject({ code: -32_602 });
    await store.sweep();
    expect(await database.selectFrom('mcp_tasks').selectAll().execute()).toEqual([]);
    await pod.close(0);
  });

  test('another server on the same database knows nothing of a task, for the same caller', async () => {
    const store = await databases.open();
    const [one, other] = [await openPod(store), await openPod(store, { server: 'team-b/assistant' })];
    const id = await one.begin('wait');
    expect(Buffer.from(id, 'base64url')).toHaveLength(16);
    const unknown = { code: -32_602, message: `There is no task "${id}", or it has expired.` };
    await expect(other.get(id)).rejects.toMatchObject(unknown);
    await expect(other.cancel(id)).rejects.toMatchObject(unknown);
    await expect(other.update(id, {})).rejects.toMatchObject(unknown);
    expect(await one.get(id)).toMatchObject({ status: 'working' });
    await Promise.all([one.close(0), other.close(0)]);
  });

  test('a sweep fails what nobody asks for and nobody runs', async () => {
    const opened = await databases.open();
    const pod = await openPod(opened);
    const database = opened.database as unknown as Kysely<TaskTables>;
    const changed: string[] = [];
    const store = createTaskStore({
      database,
      now: () => new Date(),
      leaseMs: -1,
      ttlMs: 60_000,
      changed: (task) => changed.push(task),
    });
    const id = unknownId();
    await store.create({ id, owner: 'ann', runner: 'gone' });
    await store.sweep();
    await store.sweep();
    expect(changed).toEqual([id]);
    expect(await pod.statuses()).toEqual(['failed']);
    await pod.close(0);
  });

  test('a task outlives its first lease while its pod lives, and says how far it is', async () => {
    const store = await databases.open();
    const pod = await openPod(store, QUICK);
    const id = await pod.begin('wait');
    const { lease_until: first } = await leaseOf(id);
    await vi.waitFor(async () => expect((await leaseOf(id)).lease_until > first).toBe(true), until);
    await vi.waitFor(async () => expect(await pod.get(id)).toMatchObject({ statusMessage: '1 of 3' }), until);
    pod.release();
    await pod.close(10_000);
    expect(await pod.get(id)).toMatchObject({ status: 'completed' });

    function leaseOf(task: string) {
      const database = store.database as unknown as Kysely<TaskTables>;
      return database.selectFrom('mcp_tasks').select('lease_until').where('id', '=', task).executeTakeFirstOrThrow();
    }
  });

  test('a server that stops fails the tasks that it cannot wait for, and begins none', async () => {
    const pod = await openPod(await databases.open());
    const id = await pod.begin('wait');
    await pod.close(0);
    expect(await pod.get(id)).toMatchObject({
      status: 'failed',
      error: { message: expect.stringContaining('stopped') as string },
    });
    expect(pod.done).toContain('aborted');
    await expect(pod.call('fail', { how: 'tool' })).rejects.toMatchObject({ httpStatus: 503 });
    pod.release();
    expect(await pod.call('wait')).toMatchObject({ structuredContent: { waited: true } });
  });

  test('a tool that asks twice at once to become a task is one task, which ends', async () => {
    const pod = await openPod(await databases.open());
    await pod.call('detach', { times: 2 });
    await vi.waitFor(async () => expect(await pod.statuses()).toEqual(['completed']), until);
    await pod.close(60_000); // nothing is left to wait for
  });

  test('the task of a client that leaves while it begins ends', async () => {
    const pod = await openPod(await databases.open());
    const gone = new AbortController();
    const call = pod.call('detach', {}, { signal: gone.signal });
    gone.abort();
    expect(await call).toMatchObject({ isError: true });
    await vi.waitFor(async () => expect(await pod.statuses()).toEqual([expect.not.stringMatching('working')]), until);
    await pod.close(60_000);
  });

  test('a call that has ended becomes no task later', async () => {
    const pod = await openPod(await databases.open());
    const gone = new AbortController();
    const call = pod.call('detach', { waits: true }, { signal: gone.signal });
    gone.abort();
    expect(await call).toMatchObject({ isError: true });
    pod.release();
    await vi.waitFor(() => expect(pod.done).toEqual(['refused']), until);
    expect(await pod.statuses()).toEqual([]);
    await pod.close(60_000);
  });

  test('a tool that becomes a task late is refused where others have taken the last place meanwhile', async () => {
    const pod = await openPod(await databases.open(), { maxRunning: 1 });
    const calls = [pod.call('detach', { waits: true }), pod.call('detach', { waits: true })];
    pod.release();
    const [task, refused] = await Promise.all(calls);
    expect(task).toMatchObject({ status: 'working' });
    expect(refused).toMatchObject({ isError: true, content: [{ text: expect.stringContaining('No task') as string }] });
    await vi.waitFor(async () => expect(await pod.statuses()).toEqual(['completed']), until);
    await pod.close(0);
  });

  test('beyond the tasks that a pod runs, calls are answered at once or refused', async () => {
    const pod = await openPod(await databases.open(), { maxRunning: 1 });
    const id = await pod.begin('wait');
    const direct = pod.call('wait');
    await expect(pod.call('fail', { how: 'tool' })).rejects.toMatchObject({
      httpStatus: 503,
      data: { retryAfterMs: 5_000 },
    });
    pod.release();
    expect(await direct).toMatchObject({ structuredContent: { waited: true } });
    await vi.waitFor(async () => expect(await pod.get(id)).toMatchObject({ status: 'completed' }), until);
    await pod.close(0);
  });
});
