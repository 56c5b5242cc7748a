/**
 * What a client asks to hear of with `subscriptions/listen`: read from its params, bounded, and cut down to what can
 * ever come. Must not know who listens already.
 */
import { isObject, type Params } from '../message.ts';
import { misfit } from '../params.ts';
import { findResource } from '../resources.ts';
import { ScopeRequired } from '../rpc-error.ts';
import type { Table } from '../table.ts';

export interface Filter {
  readonly toolsListChanged?: true;
  readonly promptsListChanged?: true;
  readonly resourcesListChanged?: true;
  readonly resourceSubscriptions?: readonly string[];
  /** Of the extension Tasks. */
  readonly taskIds?: readonly string[];
}

/** Lists that change: the filter's member and the notification of each. */
export const LISTS = {
  tools: ['toolsListChanged', 'notifications/tools/list_changed'],
  prompts: ['promptsListChanged', 'notifications/prompts/list_changed'],
  resources: ['resourcesListChanged', 'notifications/resources/list_changed'],
} as const;

const MAX_URIS = 1_000;
const MAX_URI = 2_048;
const MAX_TASKS = 1_000;
const MAX_TASK_ID = 64;

/** Throws RpcError for what has not the form of a filter. */
export function readFilter({ notifications }: Params): Filter {
  if (!isObject(notifications)) throw misfit('notifications must be an object');
  const { resourceSubscriptions: uris, taskIds } = notifications;
  if (uris !== undefined && !areTexts(uris, MAX_URIS, MAX_URI))
    throw misfit(`resourceSubscriptions must be at most ${MAX_URIS} URIs`);
  if (taskIds !== undefined && !areTexts(taskIds, MAX_TASKS, MAX_TASK_ID))
    throw misfit(`taskIds must be at most ${MAX_TASKS} ids of tasks`);
  for (const [member] of Object.values(LISTS))
    if (notifications[member] !== undefined && typeof notifications[member] !== 'boolean')
      throw misfit(`${member} must be true or false`);
  return notifications;
}

/** What of it can ever come from the server's table. */
export function honoured(asked: Filter, { needs: { publishes } }: Table): Filter {
  const uris = publishes.has('resource') ? [...new Set(asked.resourceSubscriptions)] : [];
  return {
    ...(asked.toolsListChanged && publishes.has('tools') && { toolsListChanged: true }),
    ...(asked.promptsListChanged && publishes.has('prompts') && { promptsListChanged: true }),
    ...(asked.resourcesListChanged && publishes.has('resources') && { resourcesListChanged: true }),
    ...(uris.length > 0 && { resourceSubscriptions: uris }),
  };
}

/** Throws ScopeRequired: who may not read a resource may not watch it. */
export function checkScopes({ resourceSubscriptions = [] }: Filter, table: Table, scopes: ReadonlySet<string>): void {
  const needed = resourceSubscriptions.map((uri) => findResource(table, uri)?.entry.resource.scope);
  const lacking = needed.filter((scope) => scope !== undefined && !scopes.has(scope)) as string[];
  if (lacking.length > 0) throw new ScopeRequired([...new Set(lacking)]);
}

const areTexts = (value: unknown, most: number, longest: number): boolean =>
  Array.isArray(value) &&
  value.length <= most &&
  value.every((text) => typeof text === 'string' && text.length <= longest);
