/**
 * Kubernetes Events of an McpServer: one small function per event, and the one that tells from two statuses which of
 * them happened. Only transitions speak; a state that lasts is what conditions are for.
 */
import type { McpServerStatus } from '#crds/mcpserver-status.ts';
import { findCondition } from '#operator/kit/conditions.ts';
import type { EventIntent } from '#operator/kit/events.ts';
import type { Condition } from '#operator/kit/object.ts';

const ACTION = 'Reconcile';
const MAX_NAMES = 10;

const normal = (reason: string, note: string): EventIntent => ({ type: 'Normal', reason, action: ACTION, note });
const warning = (reason: string, note: string): EventIntent => ({ type: 'Warning', reason, action: ACTION, note });

export const becameReady = (url: string): EventIntent => normal('Ready', `The server answers at ${url}.`);
export const becameUnready = ({ reason, message }: Condition): EventIntent => warning(reason, message);
export const suspended = (): EventIntent =>
  normal('Suspended', 'The pods were stopped because spec.suspended is true.');
export const refused = ({ reason, message }: Condition): EventIntent => warning(reason, message);
export const accepted = (): EventIntent => normal('Accepted', 'The problems of the spec are solved.');
export const degraded = ({ reason, message }: Condition): EventIntent => warning(reason, message);
export const recovered = (): EventIntent => normal('Recovered', 'Everything that the spec asks for serves again.');

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
    ...degradation(previous, next),
    ...tools(previous, next),
  ];
}

/** The condition as it is, where its status or reason is another than before. */
function changed(type: string, previous: McpServerStatus | undefined, next: McpServerStatus) {
  const before = findCondition(previous?.conditions, type);
  const after = findCondition(next.conditions, type);
  const same = before?.status === after?.status && before?.reason === after?.reason;
  return { before, after: same ? undefined : after };
}

function acceptance(previous: McpServerStatus | undefined, next: McpServerStatus): readonly EventIntent[] {
  const { before, after } = changed('Accepted', previous, next);
  if (after === undefined) return [];
  if (after.status === 'False') return [refused(after)];
  return before === undefined ? [] : [accepted()];
}

function readiness(previous: McpServerStatus | undefined, next: McpServerStatus): readonly EventIntent[] {
  const { before, after } = changed('Ready', previous, next);
  if (after === undefined) return [];
  if (after.status === 'True') return [becameReady(next.url ?? '')];
  if (after.reason === 'Suspended') return [suspended()];
  // Not ready yet is no event; a refused spec has one of its own.
  const wasReady = before?.status === 'True';
  const isFailure = ['CrashLooping', 'ImagePullFailed', 'Unschedulable', 'HostConflict'].includes(after.reason);
  const isRefusal = findCondition(next.conditions, 'Accepted')?.status === 'False';
  return !isRefusal && (wasReady || isFailure) ? [becameUnready(after)] : [];
}

function degradation(previous: McpServerStatus | undefined, next: McpServerStatus): readonly EventIntent[] {
  const { before, after } = changed('Degraded', previous, next);
  if (after === undefined) return [];
  if (after.status === 'True') return [degraded(after)];
  const serves = findCondition(next.conditions, 'Available')?.status === 'True';
  return before?.status === 'True' && serves ? [recovered()] : [];
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
