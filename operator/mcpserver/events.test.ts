import { expect, test } from 'vitest';
import type { McpServerStatus } from '#crds/mcpserver-status.ts';
import { transitions } from './events.ts';

type Verdicts = Readonly<Record<string, string>>;

const at = (verdicts: Verdicts, tools?: Readonly<Record<string, string>>): McpServerStatus => ({
  replicas: 0,
  readyReplicas: 0,
  url: 'http://x/mcp',
  ...(tools === undefined ? {} : { tools: Object.entries(tools).map(([name, hash]) => ({ name, hash })) }),
  conditions: Object.entries(verdicts).map(([type, verdict]) => {
    const [status = '', reason = ''] = verdict.split('/');
    return {
      type,
      status: status as 'True' | 'False',
      reason,
      message: 'why',
      observedGeneration: 1,
      lastTransitionTime: '2026-01-01T00:00:00Z',
    };
  }),
});

const FINE = {
  Accepted: 'True/Accepted',
  Available: 'True/MinimumReplicasAvailable',
  Ready: 'True/Ready',
  Degraded: 'False/AsExpected',
};
const STARTING = { ...FINE, Available: 'False/NoReadyPods', Ready: 'False/NoReadyPods' };

test.each<[string, McpServerStatus | undefined, McpServerStatus, readonly string[]]>([
  ['a server that starts says nothing', undefined, at(STARTING), []],
  ['ready', at(STARTING), at(FINE), ['Normal Ready']],
  ['ready at once', undefined, at(FINE), ['Normal Ready']],
  ['nothing new', at(FINE), at(FINE), []],
  ['no longer ready', at(FINE), at(STARTING), ['Warning NoReadyPods']],
  ['a start that fails', at(STARTING), at({ ...STARTING, Ready: 'False/CrashLooping' }), ['Warning CrashLooping']],
  ['no node', at(STARTING), at({ ...STARTING, Ready: 'False/Unschedulable' }), ['Warning Unschedulable']],
  [
    'suspended',
    at(FINE),
    at({ ...FINE, Available: 'False/Suspended', Ready: 'False/Suspended' }),
    ['Normal Suspended'],
  ],
  [
    'a mistake, told once',
    at(FINE),
    at({ ...FINE, Accepted: 'False/SecretNotFound', Ready: 'False/SecretNotFound' }),
    ['Warning SecretNotFound'],
  ],
  [
    'a mistake that is corrected',
    at({ ...FINE, Accepted: 'False/SecretNotFound', Ready: 'False/SecretNotFound' }),
    at(FINE),
    ['Normal Accepted', 'Normal Ready'],
  ],
  ['degraded', at(FINE), at({ ...FINE, Degraded: 'True/BackendsUnavailable' }), ['Warning BackendsUnavailable']],
  ['as before', at({ ...FINE, Degraded: 'True/BackendsUnavailable' }), at(FINE), ['Normal Recovered']],
  ['tools for the first time', at(FINE), at(FINE, { a: '1' }), []],
  ['other tools', at(FINE, { a: '1', b: '1' }), at(FINE, { b: '2', c: '1' }), ['Normal ToolsChanged']],
])('%s', (_title, previous, next, expected) => {
  expect(transitions(previous, next).map(({ type, reason }) => `${type} ${reason}`)).toEqual(expected);
});

test('a change of tools names them', () => {
  const [event] = transitions(at(FINE, { a: '1', b: '1' }), at(FINE, { b: '2', c: '1' }));
  expect(event?.note).toBe('The tools changed; added: c; removed: a; changed: b.');
});
