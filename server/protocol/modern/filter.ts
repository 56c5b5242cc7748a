/**
 * What a client asks to hear of with `subscriptions/listen`: read from its params, bounded, and cut down to what can
 * ever come. Must not know who listens already.
 */
import { isObject, type Params } from '../message.ts';
import { misfit } from '../params.ts';
import { checkReadable } from '../resources.ts';
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

const MAX_URIS = 256;
const MAX_URI = 2_048;
const MAX_TASKS = 256;
const MAX_TASK_ID = 64;
/** Of one filter, URIs and ids of tasks together: a filter is held for hours, and a pod takes a thousand of them. */
const MAX_CHARACTERS = 32_768;
const CURE = 'Ask for the rest in another stream';

/** Throws RpcError for what has not the form of a filter. */
export function readFilter({ notifications }: Params): Filter {
  if (!isObject(notifications)) throw misfit('notifications must be an object');
  const { resourceSubscriptions: uris, taskIds } = notifications;
  if (uris !== undefined && !areTexts(uris, MAX_URIS, MAX_URI))
    throw misfit(`resourceSubscriptions must be at most ${MAX_URIS} URIs of at most ${MAX_URI} characters. ${CURE}`);
  if (taskIds !== undefined && !areTexts(taskIds, MAX_TASKS, MAX_TASK_ID))
    throw misfit(`taskIds must be at most ${MAX_TASKS} ids of tasks. ${CURE}`);
  if (charactersOf(uris) + charactersOf(taskIds) > MAX_CHARACTERS)
    throw misfit(`resourceSubscriptions and taskIds must have at most ${MAX_CHARACTERS} characters together. ${CURE}`);
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

/** Throws ScopeRequired. */
export const checkScopes = (filter: Filter, table: Table, scopes: ReadonlySet<string>): void =>
  checkReadable(table, filter.resourceSubscriptions ?? [], scopes);

const areTexts = (value: unknown, most: number, longest: number): value is readonly string[] =>
  Array.isArray(value) &&
  value.length <= most &&
  value.every((text) => typeof text === 'string' && text.length <= longest);

const charactersOf = (texts: readonly string[] = []): number => texts.reduce((sum, text) => sum + text.length, 0);
