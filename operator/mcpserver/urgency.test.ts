import { expect, test } from 'vitest';
import type { McpServerStatus } from '#crds/mcpserver-status.ts';
import type { Problem } from '#operator/workload/problem.ts';
import { urgency } from '#operator/workload/urgency.ts';
import type { Observed } from './observe.ts';
import { status } from './status.ts';
import { cachedMcpServer, cachedPod, NOTHING, UNREADY } from './testing/fixtures.ts';

const answered = { outcome: 'Answered', versions: ['v'], serverName: 'x', version: '1', tools: [] } as const;
const judge = (observed: Partial<Observed>, previous?: McpServerStatus, problems: readonly Problem[] = []) =>
  status(
    { server: cachedMcpServer(), observed: { ...NOTHING, ...observed }, problems, previous },
    '2026-01-01T00:00:00Z',
  );

const serving = { pods: [cachedPod()], finding: answered };
const pending = judge({});
const ready = judge(serving);
const missingBackend = { ...serving, backends: [{ name: 'a' }] };

test.each<[string, McpServerStatus | undefined, McpServerStatus, string]>([
  ['a first status may wait for more', undefined, pending, 'verdict'],
  ['a first status that tells of a mistake may not', undefined, judge({}, undefined, [mistake('a')]), 'now'],
  ['another mistake', judge({}, undefined, [mistake('a')]), judge({}, pending, [mistake('b')]), 'now'],
  ['ready', pending, judge(serving, pending), 'now'],
  ['no longer ready', ready, judge({ ...serving, pods: [cachedPod('a', UNREADY)] }, ready), 'now'],
  ['degraded', ready, judge(missingBackend, ready), 'now'],
  ['available and not verified yet', pending, judge({ pods: [cachedPod()] }, pending), 'verdict'],
  ['one pod more', ready, judge({ ...serving, pods: [cachedPod(), cachedPod('b')] }, ready), 'count'],
])('%s', (_title, previous, next, expected) => {
  expect(urgency(previous, next)).toBe(expected);
});

function mistake(message: string): Problem {
  return { reason: 'InvalidReference', message, blocking: true };
}
