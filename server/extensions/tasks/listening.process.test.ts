/** Who hears of which task's changes: clients over HTTP, at another pod than the one that runs the task. */
import { expect, test } from 'vitest';
import { createLocalBus, type EventBus } from '../../events/event.ts';
import { post } from '../../protocol/clients.testing.ts';
import { type Listening, listenAt } from '../../protocol/modern/listening.testing.ts';
import { serveModern, type TestServer } from '../../protocol/modern/server.testing.ts';
import { TASKS } from '../../protocol/tool-call.ts';
import type { OpenDatabase } from '../../store/database.ts';
import { describeDatabases } from '../../store/databases.testing.ts';
import { accept, jobs, openPod, openTestTasks } from './pods.testing.ts';

const FOLLOWS = { 'io.modelcontextprotocol/clientCapabilities': { extensions: { [TASKS]: {} } } };
const until = { timeout: 10_000, interval: 10 };

/** A pod as one caller reaches it. */
function reach(store: OpenDatabase, bus: EventBus, caller: string): Promise<TestServer> {
  const deps = { done: [], released: Promise.resolve() };
  return serveModern(jobs, deps, {
    caller: { id: caller },
    bus,
    extensions: ({ dispatch }) => [openTestTasks({ dispatch, database: store.database, bus }).extension],
  });
}

const listen = ({ url }: TestServer, taskIds: readonly string[]): Promise<Listening> =>
  listenAt(url, { taskIds }, FOLLOWS);

/** Calls a tool that becomes a task, and gives its id. */
async function begin({ url }: TestServer, name: string): Promise<string> {
  const answer = await post(url, 'tools/call', { name, arguments: {}, _meta: FOLLOWS });
  const { result } = (await answer.json()) as { result: { taskId: string } };
  return result.taskId;
}

const told = ({ messages }: Listening): Record<string, unknown>[] =>
  messages
    .filter(({ method }) => method === 'notifications/tasks')
    .map(({ params }) => params as Record<string, unknown>);

const statuses = (listening: Listening): unknown[] => told(listening).map(({ status }) => status);

await describeDatabases((databases) => {
  test('a client hears of each state of its task at any pod, as a poll would tell it', async () => {
    const [store, bus] = [await databases.open(), createLocalBus()];
    const runner = await openPod(store, { bus });
    const server = await reach(store, bus, 'ann');
    const id = await runner.begin('ask');
    const listening = await listen(server, [id]);
    expect(listening.messages[0]).toMatchObject({ params: { notifications: { taskIds: [id] } } });
    const keys = (): string[] =>
      Object.keys((told(listening).at(-1)?.['inputRequests'] as Record<string, unknown> | undefined) ?? {});
    await expect.poll(keys, until).toEqual(['first', 'second']);
    await runner.update(id, { first: accept('Ada'), second: accept('Eve') });
    await expect.poll(() => statuses(listening).at(-1), until).toBe('completed');
    const { resultType, _meta: _, ...polled } = await runner.get(id);
    expect(resultType).toBe('complete');
    const { _meta: meta, ...last } = told(listening).at(-1) ?? {};
    expect(last).toEqual(polled);
    expect(meta).toEqual({ 'io.modelcontextprotocol/subscriptionId': 1 });
    await Promise.all([runner.close(0), server.close()]);
  });

  test('what had changed before the client listened is told at once', async () => {
    const [store, bus] = [await databases.open(), createLocalBus()];
    const runner = await openPod(store, { bus });
    const server = await reach(store, bus, 'ann');
    const id = await runner.begin('wait');
    await runner.cancel(id);
    const listening = await listen(server, [id]);
    await expect.poll(() => statuses(listening), until).toEqual(['cancelled']);
    await Promise.all([runner.close(0), server.close()]);
  });

  test('nobody hears of the task of somebody else, and lost events are made up for', async () => {
    const [store, bus] = [await databases.open(), createLocalBus()];
    const runner = await openPod(store, { bus });
    const [own, foreign] = [await reach(store, bus, 'ann'), await reach(store, bus, 'eve')];
    const id = await runner.begin('wait');
    const stranger = await listen(foreign, [id, `${id} `]);
    await stranger.ended; // she may hear of nothing
    expect(stranger.messages).toMatchObject([{ params: { notifications: {} } }, { result: {} }]);
    const ann = await listen(own, [id]);
    await expect.poll(() => statuses(ann), until).toEqual(['working']);
    bus.publish({ type: 'all' });
    await expect.poll(() => statuses(ann), until).toEqual(['working', 'working']);
    const hers = await begin(foreign, 'ask');
    const eve = await listen(foreign, [id, hers]);
    expect(eve.messages[0]).toMatchObject({ params: { notifications: { taskIds: [hers] } } });
    runner.release();
    await expect.poll(() => statuses(ann).at(-1), until).toBe('completed');
    await expect.poll(() => told(eve).map(({ taskId }) => taskId), until).toContain(hers);
    expect(told(eve).map(({ taskId }) => taskId)).not.toContain(id);
    await Promise.all([runner.close(0), own.close(), foreign.close()]);
  });

  test('a client that does not follow tasks is told what it lacks', async () => {
    const [store, bus] = [await databases.open(), createLocalBus()];
    const server = await reach(store, bus, 'ann');
    const refused = await post(server.url, 'subscriptions/listen', { notifications: { taskIds: ['x'] } });
    expect(await refused.json()).toMatchObject({
      id: 1,
      error: { code: -32_021, data: { requiredCapabilities: { extensions: { [TASKS]: {} } } } },
    });
    await server.close();
  });
});
