/**
 * Kubernetes Events of an McpServer: one small function per event, and the one that tells from two statuses which of
 * them happened. Only transitions speak; a state that lasts is what conditions are for.
 */
import type { McpServerStatus } from '#crds/mcpserver-status.ts';
import type { EventIntent } from '#operator/kit/events.ts';
import { acceptance, changed, degradation, isRefused, normal, warning } from '#operator/workload/transitions.ts';

const MAX_NAMES = 10;

export const becameReady = (url: string): EventIntent => normal('Ready', `The server answers at ${url}.`);
export const suspended = (): EventIntent =>
  normal('Suspended', 'The pods were stopped because spec.suspended is true.');

export function toolsChanged(change: ToolChange): EventIntent {
  const list = (names: readonly string[]): string =>
    names.slice(0, MAX_NAMES).join(', ') + (names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : '');
  const parts = Object.entries(change)
    .filter(([, names]) => names.length > 0)
    .map(([what, names]) => `${what}: ${list(names)}`);
  return normal('ToolsChanged', `The tools changed; ${parts.join('; ')}.`);
}

interface ToolChange {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

/** `previous` is undefined for a status that is written for the first time. */
export function transitions(previous: McpServerStatus | undefined, next: McpServerStatus): readonly EventIntent[] {
  return [
    ...acceptance(previous, next),
    ...readiness(previous, next),
    ...degradation(previous, next, 'Available'),
    ...tools(previous, next),
    ...examination(previous, next),
  ];
}

function readiness(previous: McpServerStatus | undefined, next: McpServerStatus): readonly EventIntent[] {
  const { before, after } = changed('Ready', previous, next);
  if (after === undefined) return [];
  if (after.status === 'True') return [becameReady(next.url ?? '')];
  if (after.reason === 'Suspended') return [suspended()];
  // Not ready yet is no event.
  const wasReady = before?.status === 'True';
  const isFailure = ['CrashLooping', 'ImagePullFailed', 'Unschedulable', 'HostConflict'].includes(after.reason);
  return !isRefused(next) && (wasReady || isFailure) ? [warning(after)] : [];
}

function examination(previous: McpServerStatus | undefined, next: McpServerStatus): readonly EventIntent[] {
  const { conformance } = next;
  if (conformance === undefined || conformance.request === previous?.conformance?.request) return [];
  const { total = 0, passed, message } = conformance;
  if (total > 0 && passed === total) return [normal('ConformancePassed', message)];
  return [{ ...normal('ConformanceFailed', message), type: 'Warning' }];
}

function tools(previous: McpServerStatus | undefined, next: McpServerStatus): readonly EventIntent[] {
  if (previous?.tools === undefined || next.tools === undefined) return [];
  const before = new Map(previous.tools.map(({ name, hash }) => [name, hash]));
  const after = new Map(next.tools.map(({ name, hash }) => [name, hash]));
  const change: ToolChange = {
    added: [...after.keys()].filter((name) => !before.has(name)),
    removed: [...before.keys()].filter((name) => !after.has(name)),
    changed: [...after].filter(([name, hash]) => before.has(name) && before.get(name) !== hash).map(([name]) => name),
  };
  return Object.values(change).some((names: readonly string[]) => names.length > 0) ? [toolsChanged(change)] : [];
}
