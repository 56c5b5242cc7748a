/**
 * Three pods to which requests are dealt out in turn are one server: sessions, events, rounds of questions and limits do
 * not depend on the pod. Clients either go through the ingress or choose the pod of each request.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loopbackFetch, modernRequest, post } from './clients.ts';
import { exposedAt, IN_POSTGRES, mcpServer, WITH_REDIS } from './manifests.ts';
import { podsOf } from './pods.ts';
import { startPostgres } from './postgres.ts';
import { startRedis } from './redis.ts';
import { beginSession, type Headers } from './session.ts';
import { type Listening, listen, podUrls, sendTo } from './single-pods.ts';
import { until } from './until.ts';
import { ingressUrl, untilCondition, useWorld } from './world.ts';

const world = useWorld('three-pods', 'pods', 'ingress', 'processes');
const servers: AsyncDisposable[] = [];
const PER_MINUTE = 1200;
const SKILL = '---\nname: review\ndescription: How changes are reviewed.\n---\n\n# Review\n';

beforeAll(async () => {
  if (!world.possible) return;
  servers.push(await startPostgres(world), await startRedis(world));
  const make = (name: string, spec: object) =>
    mcpServer(name, {
      ...IN_POSTGRES,
      ...exposedAt(`${name}.${world.namespace}.localhost`),
      replicas: 3,
      rollout: { drain: '1s' },
      ...spec,
    });
  const toolsets = [{ name: 'everything' }];
  const skills = [{ name: 'review', configMap: { name: 'review' } }];
  const limits = { requestsPerMinutePerCaller: PER_MINUTE };
  await world.kube.apply([
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'review' }, data: { 'SKILL.md': SKILL } },
    make('over-postgres', { toolsets, skills }),
    make('over-redis', { toolsets, ...WITH_REDIS }),
    make('limited', { ...WITH_REDIS, limits }),
  ]);
  for (const name of ['over-postgres', 'over-redis', 'limited'])
    await untilCondition(world, 'mcpservers', name, { type: 'Ready', status: 'True' }, 60_000);
});
afterAll(async () => {
  for (const server of servers) await server[Symbol.asyncDispose]();
});

const toolCall = (id: number, name: string, args: object = {}) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: args },
});

test('a skill from a ConfigMap is served by every pod', async () => {
  const { urls, close } = await podUrls(world, 'over-postgres');
  for (const url of urls) {
    const uri = 'skill://review/SKILL.md';
    expect(JSON.stringify((await post(url, 'skills/list', {})).body)).toContain(uri);
    const read = await post(url, 'resources/read', { uri });
    expect(read.body).toMatchObject({ result: { contents: [{ uri, text: SKILL }] } });
  }
  await close();
});

describe.each([
  ['PostgreSQL', 'over-postgres'],
  ['Redis', 'over-redis'],
])('with %s between them', (_, name) => {
  let pods: readonly string[] = [];
  let close: (() => Promise<void>) | undefined;
  beforeAll(async () => {
    if (world.possible) ({ urls: pods, close } = await podUrls(world, name));
  });
  afterAll(() => close?.());
  const pod = (index: number): string => pods[index % pods.length] ?? '';

  test('a session is known to every pod, until one of them is told to end it', async () => {
    for (let first = 0; first < 3; first += 1) {
      const headers = await beginSession(sendTo(pod(first)));
      expect(headers['mcp-session-id']).toEqual(expect.any(String));
      for (let i = 0; i < 6; i += 1) {
        const { status, text } = await sendTo(pod(first + i))(headers, toolCall(i, 'test_simple_text'));
        expect([status, JSON.parse(text)]).toEqual([
          200,
          expect.objectContaining({ id: i, result: expect.anything() }),
        ]);
      }
      expect((await loopbackFetch(pod(first + 1), { method: 'DELETE', headers })).ok).toBe(true);
      expect((await sendTo(pod(first + 2))(headers, toolCall(9, 'test_simple_text'))).status).toBe(404);
    }
  });

  test('a tool asks the user over the ingress, whichever pod gets the answer', async () => {
    const url = await ingressUrl(world, name);
    const headers = await beginSession(sendTo(url), { elicitation: {} });
    for (let round = 0; round < 9; round += 1)
      expect(await askedOverStream(url, headers, round)).toContain('action=accept');
  });

  test('a change that one pod tells of is heard by the listeners of all', async () => {
    const notifications = { toolsListChanged: true, resourceSubscriptions: ['test://watched-resource'] };
    const listening = await Promise.all(pods.map((url) => listen(url, modernListen({ notifications }))));
    const legacy = await watchInSession(pod(0), pod(1), pod(2));
    const all = [...listening, legacy];
    try {
      const heard = (method: string) => all.map((each) => each.heard().filter((m) => m === method).length);
      for (const [method, tool] of CHANGES)
        for (let round = 1; round <= 3; round += 1) {
          await post(pod(round), 'tools/call', { name: tool, arguments: {} });
          await until(`${method} ${round} times`, 5000, () =>
            Promise.resolve(heard(method).every((count) => count >= round)),
          );
        }
    } finally {
      for (const each of all) each.stop();
    }
  });

  test('a task is followed, answered and cancelled at other pods than the one that runs it', async () => {
    const begun = await taskCall(pod(0), 'tools/call', { name: 'confirm_delete', arguments: { filename: 'a.txt' } });
    expect(begun).toMatchObject({ resultType: 'task', status: 'working' });
    const { taskId } = begun;
    const asked = await untilTask(pod(1), taskId, 'input_required');
    expect(asked['inputRequests']).toMatchObject({ confirm: { method: 'elicitation/create' } });
    await taskCall(pod(2), 'tasks/update', { taskId, inputResponses: accept('confirm', { confirm: true }) });
    for (const at of pods)
      expect(JSON.stringify((await untilTask(at, taskId, 'completed'))['result'])).toContain('Deleted a.txt');

    const slow = await taskCall(pod(1), 'tools/call', { name: 'slow_compute', arguments: { seconds: 600 } });
    await taskCall(pod(2), 'tasks/cancel', { taskId: slow['taskId'] });
    for (const at of pods) await untilTask(at, slow['taskId'], 'cancelled');
  });

  test('rounds of questions go on at any pod, also after the keys were changed', { timeout: 180_000 }, async () => {
    await expectRounds([pod(0), pod(1), pod(2)]);
    const session = await beginSession(sendTo(pod(0)));
    const asked = await ask(pod(1), {});
    await rotateKeys(name, pods);
    const answered = await ask(pod(2), { inputResponses: accept('step1', { name: 'Ada' }), requestState: asked.state });
    expect(answered.keys).toEqual(['step2']);
    expect((await sendTo(pod(2))(session, toolCall(1, 'test_simple_text'))).status).toBe(200);
    await expectRounds([pod(2), pod(1), pod(0)]);
  });
});

const CHANGES = [
  ['notifications/tools/list_changed', 'test_trigger_tool_change'],
  ['notifications/resources/updated', 'test_trigger_resource_change'],
] as const;

const modernListen = (params: object): RequestInit => {
  const { headers, message } = modernRequest('subscriptions/listen', { ...params });
  return { method: 'POST', headers, body: JSON.stringify(message) };
};

/** A session that begins at one pod, subscribes at another and listens at a third. */
async function watchInSession(beginsAt: string, subscribesAt: string, listensAt: string): Promise<Listening> {
  const headers = await beginSession(sendTo(beginsAt));
  const params = { uri: 'test://watched-resource' };
  const subscribed = await sendTo(subscribesAt)(headers, {
    jsonrpc: '2.0',
    id: 1,
    method: 'resources/subscribe',
    params,
  });
  expect(JSON.parse(subscribed.text)).toMatchObject({ id: 1, result: {} });
  return listen(listensAt, { headers: { ...headers, accept: 'text/event-stream' } });
}

/** Calls a tool that asks, answers the question that comes on its stream by a request of its own, gives the rest. */
async function askedOverStream(url: string, headers: Headers, id: number): Promise<string> {
  const call = toolCall(id + 100, 'test_elicitation', { message: 'Who are you?' });
  const response = await loopbackFetch(url, { method: 'POST', headers, body: JSON.stringify(call) });
  let text = '';
  let answered = false;
  const decoder = new TextDecoder();
  for await (const bytes of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(bytes, { stream: true });
    const question = /"method":"elicitation\/create"/.test(text) ? /"id":("[^"]+"|\d+)/.exec(text)?.[1] : undefined;
    if (question === undefined || answered) continue;
    answered = true;
    const result = { action: 'accept', content: { username: 'ada', email: 'ada@example.com' } };
    const taken = await sendTo(url)(headers, { jsonrpc: '2.0', id: JSON.parse(question), result });
    if (taken.status !== 202) throw new Error(`the answer was not taken: ${taken.status} ${taken.text}`);
  }
  return text.replaceAll('\\"', '"');
}

const accept = (key: string, content: object) => ({ [key]: { action: 'accept', content } });

/** One request of a client that follows tasks; gives the result. */
async function taskCall(url: string, method: string, params: object): Promise<Readonly<Record<string, unknown>>> {
  const capabilities = { elicitation: {}, extensions: { 'io.modelcontextprotocol/tasks': {} } };
  const { status, body } = await post(url, method, { ...params }, { capabilities });
  const { result } = body as { result?: Readonly<Record<string, unknown>> };
  if (status !== 200 || !result) throw new Error(`${method}: ${status}: ${JSON.stringify(body)}`);
  return result;
}

const untilTask = (url: string, taskId: unknown, wanted: string) =>
  until(`a task that is ${wanted}`, 10_000, async () => {
    const task = await taskCall(url, 'tasks/get', { taskId });
    return task['status'] === wanted ? task : undefined;
  });

interface Round {
  /** Of the questions that are asked now. */
  readonly keys: readonly string[];
  readonly state: string;
  readonly text: string;
}

async function ask(url: string, answers: object): Promise<Round> {
  const params = { name: 'test_input_required_result_multi_round', arguments: {}, ...answers };
  const { status, body } = await post(url, 'tools/call', params, { capabilities: { elicitation: {} } });
  expect(status).toBe(200);
  const { result } = body as { result?: { inputRequests?: object; requestState?: string } };
  const { inputRequests = {}, requestState = '' } = result ?? {};
  return { keys: Object.keys(inputRequests), state: requestState, text: JSON.stringify(body) };
}

/** Two questions, each of the three requests at another pod. */
async function expectRounds([first = '', second = '', third = '']: readonly string[]): Promise<void> {
  const one = await ask(first, {});
  expect(one.keys).toEqual(['step1']);
  const two = await ask(second, { inputResponses: accept('step1', { name: 'Ada' }), requestState: one.state });
  expect(two.keys).toEqual(['step2']);
  const last = await ask(third, { inputResponses: accept('step2', { color: 'blue' }), requestState: two.state });
  expect(last.text).toContain('Ada likes blue.');
}

describe('with a limit for each caller', () => {
  const SECONDS = 12;
  const BURST = (PER_MINUTE / 60) * 10;

  test('all pods together let through what the limit says, within 5 %', { timeout: 60_000 }, async () => {
    const url = await ingressUrl(world, 'limited');
    await sleep(11_000); // until the budget is whole again, whoever has asked before
    const counts = new Map<number, number>();
    const began = performance.now();
    const work = async (): Promise<void> => {
      while (performance.now() - began < SECONDS * 1000) {
        const { status } = await post(url, 'server/discover', {});
        counts.set(status, (counts.get(status) ?? 0) + 1);
        await sleep(100);
      }
    };
    await Promise.all(Array.from({ length: 10 }, work));
    const allowed = BURST + (PER_MINUTE / 60) * ((performance.now() - began) / 1000);
    expect(new Set(counts.keys())).toEqual(new Set([200, 429]));
    expect(counts.get(429)).toBeGreaterThan(50);
    expect((counts.get(200) ?? 0) / allowed).toBeGreaterThan(0.95);
    expect((counts.get(200) ?? 0) / allowed).toBeLessThan(1.05);
  });
});

/** Puts a new key in front of the old one and waits until every pod uses it. */
async function rotateKeys(name: string, urls: readonly string[]): Promise<void> {
  const path = `/api/v1/namespaces/${world.namespace}/secrets/${name}-keys`;
  const { data } = (await world.api.must('GET', path)) as unknown as { data: Record<string, string> };
  const next = randomBytes(32).toString('base64url');
  const changed = { 'sealing-previous.key': data['sealing.key'], 'sealing.key': Buffer.from(next).toString('base64') };
  await world.api.patch(path, { data: changed });
  // The kubelet looks at a mounted Secret again when something about the pod changes, or after a minute.
  await world.kube.run(['annotate', 'pods', '-l', `app.kubernetes.io/instance=${name}`, `keys=${Date.now()}`]);
  await until('the keys in every pod', 120_000, async () => {
    await Promise.all(urls.map((url) => ask(url, {}))); // a pod looks for other keys when it uses them
    const logs = await Promise.all((await podsOf(world, name)).map(({ metadata }) => world.kube.logs(metadata.name)));
    return logs.every((log) => log.includes('sealing keys have changed'));
  });
}
