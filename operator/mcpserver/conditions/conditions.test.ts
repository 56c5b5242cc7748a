import { describe, expect, test } from 'vitest';
import { MCP_SERVER_REASONS, type McpServerStatus } from '#crds/mcpserver-status.ts';
import type { Problem } from '#operator/workload/problem.ts';
import type { Verdict } from '#operator/workload/verdict.ts';
import { usedBackends } from '../backends.ts';
import type { Observed } from '../observe.ts';
import { status } from '../status.ts';
import {
  type BackendState,
  cachedMcpServer,
  cachedModelBackend,
  cachedPod,
  NOTHING,
  UNREADY,
} from '../testing/fixtures.ts';
import { available } from './available.ts';
import { backendsReady } from './backendsready.ts';
import { degraded } from './degraded.ts';
import { exposed } from './exposed.ts';
import { ready } from './ready.ts';
import { verified } from './verified.ts';

type Spec = Parameters<typeof cachedMcpServer>[0];

const said = ({ status, reason }: Verdict) => `${status}/${reason}`;
const situation = (spec: Spec, observed: Partial<Observed> = {}, problems: readonly Problem[] = []) => ({
  server: cachedMcpServer(spec),
  observed: { ...NOTHING, ...observed },
  problems,
  previous: undefined as McpServerStatus | undefined,
});
const answered = {
  outcome: 'Answered',
  versions: ['2026-07-28'],
  serverName: 'assistant',
  version: '0.1.0',
  tools: [],
} as const;

describe('Available', () => {
  test.each<[string, Spec, Partial<Observed>, string]>([
    ['a ready pod', {}, { pods: [cachedPod()] }, 'True/MinimumReplicasAvailable'],
    ['an unready pod', {}, { pods: [cachedPod('a', UNREADY)] }, 'False/NoReadyPods'],
    ['suspended', { suspended: true }, {}, 'False/Suspended'],
    ['about to be suspended', { suspended: true }, { pods: [cachedPod()] }, 'True/MinimumReplicasAvailable'],
  ])('%s', (_title, spec, observed, verdict) => {
    expect(said(available(situation(spec, observed)))).toBe(verdict);
  });
});

describe('BackendsReady', () => {
  const target = (backend: string, model = 'llama') => ({ backend, model });
  const oneRoute: Spec = {
    backends: { names: ['a', 'b'] },
    inference: { routes: [{ name: 'chat', targets: [target('a'), target('b')] }] },
  };
  const twoRoutes: Spec = {
    backends: { names: ['a', 'b'] },
    inference: {
      routes: [
        { name: 'chat', targets: [target('a')] },
        { name: 'code', targets: [target('b')] },
      ],
    },
  };
  const down: BackendState = { ready: false, reason: 'Timeout' };
  test.each<[string, Spec, Record<string, BackendState>, string]>([
    ['no backends wanted', {}, {}, 'True/NotNeeded'],
    ['a selector that matches none', { backends: { selector: { matchLabels: { a: 'b' } } } }, {}, 'True/NotNeeded'],
    ['all ready', oneRoute, { a: {}, b: {} }, 'True/AllReady'],
    ['one of a route is enough', oneRoute, { a: {}, b: down }, 'True/AllReady'],
    ['a route without any', oneRoute, { a: down, b: down }, 'False/NoneAvailable'],
    ['one of two routes', twoRoutes, { a: {}, b: down }, 'False/SomeUnavailable'],
    ['a model that is not loaded', twoRoutes, { a: {}, b: { loaded: [] } }, 'False/SomeUnavailable'],
    ['a backend that does not exist', twoRoutes, { a: {} }, 'False/SomeUnavailable'],
    [
      'without routes each backend counts',
      { backends: { names: ['a', 'b'] } },
      { a: {}, b: down },
      'False/SomeUnavailable',
    ],
  ])('%s', (_title, spec, backends, verdict) => {
    const server = cachedMcpServer(spec);
    const objects = Object.entries(backends).map(([name, state]) => cachedModelBackend(name, state));
    const observed = { ...NOTHING, backends: usedBackends(server.spec, objects) };
    expect(said(backendsReady({ server, observed }))).toBe(verdict);
  });

  test('says which route lacks what', () => {
    const server = cachedMcpServer(twoRoutes);
    const backends = usedBackends(server.spec, [cachedModelBackend('a'), cachedModelBackend('b', down)]);
    expect(backendsReady({ server, observed: { ...NOTHING, backends } }).message).toBe(
      'No ready target for route code: b Timeout. Tools that ask a model answer degraded.',
    );
  });
});

describe('Exposed', () => {
  const ingress: Spec = { exposure: { type: 'Ingress', host: 'a.example.com' } };
  test.each<[string, Spec, Partial<Observed>, string]>([
    ['within the cluster', {}, {}, 'True/NotNeeded'],
    ['an Ingress with an address', ingress, { ingressAdmitted: true }, 'True/Admitted'],
    ['an Ingress nobody has taken', ingress, {}, 'False/WaitingForController'],
    [
      'an older server with the same URL',
      ingress,
      { ingressAdmitted: true, endpointHolder: { namespace: 'a', name: 'older' } },
      'False/HostConflict',
    ],
  ])('%s', (_title, spec, observed, verdict) => {
    expect(said(exposed(situation(spec, observed)))).toBe(verdict);
  });
});

describe('Verified', () => {
  const before = (verdict: 'True' | 'False'): McpServerStatus => ({
    replicas: 1,
    readyReplicas: 1,
    conditions: [
      {
        type: 'Verified',
        status: verdict,
        reason: verdict === 'True' ? 'Answered' : 'Pending',
        message: 'before',
        observedGeneration: 1,
        lastTransitionTime: '2026-01-01T00:00:00Z',
      },
    ],
  });
  const pods = [cachedPod()];
  test.each<[string, Partial<Observed>, McpServerStatus | undefined, string]>([
    ['no pod', {}, before('True'), 'False/Pending'],
    ['not asked yet', { pods }, undefined, 'False/Pending'],
    ['not asked yet, and not verified before', { pods }, before('False'), 'False/Pending'],
    ['not asked yet by this process', { pods }, before('True'), 'True/Answered'],
    ['answered', { pods, finding: answered }, undefined, 'True/Answered'],
    ['a token asked for', { pods, finding: { outcome: 'Guarded' } }, undefined, 'True/Answered'],
    ['no answer', { pods, finding: { outcome: 'Timeout', message: '' } }, before('True'), 'False/Timeout'],
    ['no MCP', { pods, finding: { outcome: 'HandshakeFailed', message: '' } }, undefined, 'False/HandshakeFailed'],
  ])('%s', (_title, observed, previous, verdict) => {
    expect(said(verified({ observed: { ...NOTHING, ...observed }, previous }))).toBe(verdict);
  });
});

describe('Degraded', () => {
  const pods = [cachedPod()];
  const backends: Spec = { backends: { names: ['a'] } };
  const missing = [{ name: 'a' }];
  test.each<[string, Spec, Partial<Observed>, readonly Problem[], string]>([
    ['as asked for', {}, { pods }, [], 'False/AsExpected'],
    ['a backend is missing', backends, { pods, backends: missing }, [], 'True/BackendsUnavailable'],
    ['nothing serves at all', backends, { backends: missing }, [], 'False/AsExpected'],
    [
      'pods of a spec before this one',
      {},
      { pods },
      [{ reason: 'UnsupportedCombination', message: '', blocking: true }],
      'True/PreviousRevisionServing',
    ],
  ])('%s', (_title, spec, observed, problems, verdict) => {
    expect(said(degraded(situation(spec, observed, problems)))).toBe(verdict);
  });
});

describe('Ready', () => {
  const yes: Verdict = { status: 'True', reason: 'Fine', message: '' };
  const no = (reason: string): Verdict => ({ status: 'False', reason, message: 'why' });
  test.each<[string, Verdict, Verdict, Verdict, Verdict, string]>([
    ['all four', yes, yes, yes, yes, 'True/Ready'],
    ['a spec that is refused', no('InvalidReference'), no('NoReadyPods'), yes, yes, 'False/InvalidReference'],
    ['no pods', yes, no('CrashLooping'), no('Pending'), no('HostConflict'), 'False/CrashLooping'],
    ['no answer', yes, yes, no('Timeout'), no('HostConflict'), 'False/Timeout'],
    ['no way in', yes, yes, yes, no('WaitingForController'), 'False/WaitingForController'],
    ['not known', yes, yes, { ...yes, status: 'Unknown', reason: 'Pending' }, yes, 'False/Pending'],
  ])('%s', (_title, accepted, available, verified, exposed, verdict) => {
    expect(said(ready({ accepted, available, verified, exposed }, 'http://x'))).toBe(verdict);
  });

  test('missing backends alone leave a server ready and make it degraded', () => {
    const observed = { pods: [cachedPod()], backends: [{ name: 'a' }], finding: answered };
    const { conditions } = status(situation({ backends: { names: ['a'] } }, observed), '2026-01-01T00:00:00Z');
    const verdicts = Object.fromEntries(conditions?.map(({ type, status }) => [type, status]) ?? []);
    expect(verdicts).toMatchObject({ Ready: 'True', Degraded: 'True', BackendsReady: 'False' });
  });
});

describe('the status', () => {
  test('has every condition once, with the generation, and reasons from the list', () => {
    const { conditions = [] } = status(situation({}), '2026-01-01T00:00:00Z');
    expect(conditions.map(({ type }) => type)).toEqual(Object.keys(MCP_SERVER_REASONS));
    const all = new Set<string>(Object.values(MCP_SERVER_REASONS).flat());
    for (const { observedGeneration, reason } of conditions) {
      expect(observedGeneration).toBe(2);
      expect(all).toContain(reason);
    }
  });

  test('moves the time of a condition only when its status changes', () => {
    const early = status(situation({}), '2026-01-01T00:00:00Z');
    const server = situation({}, { pods: [cachedPod()] });
    const late = status({ ...server, previous: early }, '2026-01-02T00:00:00Z');
    const times = Object.fromEntries(late.conditions?.map((c) => [c.type, c.lastTransitionTime.slice(8, 10)]) ?? []);
    expect(times).toMatchObject({ Accepted: '01', Available: '02', Verified: '01', Ready: '01' });
  });

  test('remembers what the program said while no pod serves', () => {
    const tools = [{ name: 'create_task', hash: 'sha256:0' }];
    const serving = status(situation({}, { pods: [cachedPod()], finding: { ...answered, tools } }), 'now');
    const gone = status({ ...situation({}), previous: serving }, 'later');
    expect(gone).toMatchObject({ version: '0.1.0', tools, readyReplicas: 0, protocol: { serverName: 'assistant' } });
  });

  test('does not tell tools of which nobody knows any more whether they are there', () => {
    const tools = [{ name: 'create_task', hash: 'sha256:0' }];
    const open = status(situation({}, { pods: [cachedPod()], finding: { ...answered, tools } }), 'now');
    const guarded = situation({}, { pods: [cachedPod()], finding: { outcome: 'Guarded' } });
    expect(status({ ...guarded, previous: open }, 'later')).not.toHaveProperty('tools');
  });

  test('dates the result of an examination once', () => {
    const examined = { request: '1', message: 'All 1 scenarios passed.' };
    const first = status({ ...situation({}), examined }, '2026-01-01T00:00:00Z');
    const again = status({ ...situation({}), examined, previous: first }, '2026-01-02T00:00:00Z');
    expect(again.conformance).toEqual({ ...examined, time: '2026-01-01T00:00:00Z' });
    const next = status({ ...situation({}), examined: { ...examined, request: '2' }, previous: first }, 'later');
    expect(next.conformance).toMatchObject({ request: '2', time: 'later' });
  });

  test('names the URL for clients: public, of the host, or of the Service', () => {
    const url = (spec: Spec) => status(situation(spec), 'now').url;
    const host = { type: 'Ingress', host: 'a.example.com' } as const;
    expect(url({})).toBe('http://assistant.team-a.svc.cluster.local/mcp');
    expect(url({ exposure: host })).toBe('http://a.example.com/mcp');
    expect(url({ exposure: { ...host, ingress: { tlsSecretName: 'tls' } } })).toBe('https://a.example.com/mcp');
    expect(url({ exposure: { publicUrl: 'https://b.example.com/mcp' } })).toBe('https://b.example.com/mcp');
  });
});
