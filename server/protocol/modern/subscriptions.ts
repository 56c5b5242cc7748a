/**
 * `subscriptions/listen`: who wants to hear of which changes, and telling them. A change is told in slices, so that ten
 * thousand listeners do not hold up everybody else, and twice the same change in a row is told once. Must not know a
 * transport.
 */
import type { EventBus, ServerEvent } from '../../events/event.ts';
import { inSlices } from '../../http/event-stream.ts';
import { type Id, isObject, notificationText, type Params } from '../message.ts';
import { findResource } from '../resources.ts';
import { INTERNAL_ERROR, INVALID_PARAMS, RpcError, ScopeRequired } from '../rpc-error.ts';
import type { Table } from '../table.ts';
import { SUBSCRIPTION_ID } from './envelope.ts';
import type { ModernRequest } from './request.ts';
import type { Results } from './results.ts';

export interface SubscriptionsOptions {
  readonly table: Table;
  readonly bus: EventBus;
  readonly results: Results;
  readonly maxSubscriptions: number;
}

/** What a client asked for and gets. */
interface Filter {
  readonly toolsListChanged?: true;
  readonly promptsListChanged?: true;
  readonly resourcesListChanged?: true;
  readonly resourceSubscriptions?: readonly string[];
}

interface Subscription {
  readonly id: Id;
  readonly filter: Filter;
  readonly say: (text: string) => boolean;
  end(): void;
}

const MAX_URIS = 1_000;
const MAX_URI = 2_048;

export class Subscriptions {
  readonly #options: SubscriptionsOptions;
  readonly #open = new Set<Subscription>();
  readonly #unsubscribe: () => void;
  /** Changes to be told, in order. */
  readonly #changes = new Map<string, ServerEvent>();
  #telling: Promise<void> | undefined;
  #closed = false;

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
    this.#unsubscribe = options.bus.subscribe((event) => this.#note(event));
  }

  get count(): number {
    return this.#open.size;
  }

  /** Resolves with the result when this server ends the subscription; never, when the client does. Throws RpcError. */
  open(params: Params, { received: { id }, channel, caller }: ModernRequest): string | Promise<string> {
    const { table, results, maxSubscriptions } = this.#options;
    const filter = honoured(filterOf(params), table);
    if (caller.scopes) checkScopes(filter, table, caller.scopes);
    if (!channel.open) throw new RpcError(INVALID_PARAMS, 'Accept text/event-stream to listen.');
    if (this.#open.size >= maxSubscriptions)
      throw new RpcError(INTERNAL_ERROR, 'Subscription limit reached. Try again later.');
    channel.say(told(id, 'notifications/subscriptions/acknowledged', { notifications: filter }));
    if (this.#closed || Object.keys(filter).length === 0) return results.unsubscribed(id);
    return new Promise((resolve) => {
      const end = (): void => resolve(results.unsubscribed(id));
      const subscription = { id, filter, say: (text: string) => channel.say(text), end };
      this.#open.add(subscription);
      channel.whenGone(() => this.#open.delete(subscription));
    });
  }

  /** Ends every subscription with a result, so that clients know it from a connection that broke. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#unsubscribe();
    await this.#telling;
    const ended = [...this.#open];
    this.#open.clear();
    await inSlices(ended, (subscription) => subscription.end());
  }

  #note(event: ServerEvent): void {
    if (this.#open.size === 0) return;
    this.#changes.set(event.type === 'resource' ? event.uri : ` ${event.type}`, event);
    this.#telling ??= this.#tellAll().finally(() => (this.#telling = undefined));
  }

  async #tellAll(): Promise<void> {
    await new Promise(setImmediate); // what comes in one turn is told once
    for (const [key, event] of this.#changes) {
      this.#changes.delete(key);
      await inSlices(this.#open, (subscription) => tell(subscription, event));
    }
  }
}

const LISTS = {
  tools: ['toolsListChanged', 'notifications/tools/list_changed'],
  prompts: ['promptsListChanged', 'notifications/prompts/list_changed'],
  resources: ['resourcesListChanged', 'notifications/resources/list_changed'],
} as const;

function tell({ id, filter, say }: Subscription, event: ServerEvent): void {
  const isAll = event.type === 'all';
  for (const [type, [member, method]] of Object.entries(LISTS))
    if ((isAll || event.type === type) && filter[member]) say(told(id, method, {}));
  for (const uri of filter.resourceSubscriptions ?? [])
    if (isAll || (event.type === 'resource' && event.uri === uri))
      say(told(id, 'notifications/resources/updated', { uri }));
}

const told = (id: Id, method: string, params: Params): string =>
  notificationText(method, { ...params, _meta: { [SUBSCRIPTION_ID]: id } });

function filterOf({ notifications }: Params): Filter {
  if (!isObject(notifications)) throw invalid('notifications must be an object');
  const { resourceSubscriptions: uris } = notifications;
  const isUris = Array.isArray(uris) && uris.length <= MAX_URIS && uris.every((uri) => isUri(uri));
  if (uris !== undefined && !isUris) throw invalid(`resourceSubscriptions must be at most ${MAX_URIS} URIs`);
  for (const [member] of Object.values(LISTS))
    if (notifications[member] !== undefined && typeof notifications[member] !== 'boolean')
      throw invalid(`${member} must be true or false`);
  return notifications;
}

const isUri = (value: unknown): boolean => typeof value === 'string' && value.length <= MAX_URI;

/** What of it can ever come. */
function honoured(asked: Filter, { needs: { publishes } }: Table): Filter {
  const uris = publishes.has('resource') ? [...new Set(asked.resourceSubscriptions)] : [];
  return {
    ...(asked.toolsListChanged && publishes.has('tools') && { toolsListChanged: true }),
    ...(asked.promptsListChanged && publishes.has('prompts') && { promptsListChanged: true }),
    ...(asked.resourcesListChanged && publishes.has('resources') && { resourcesListChanged: true }),
    ...(uris.length > 0 && { resourceSubscriptions: uris }),
  };
}

/** Throws ScopeRequired: who may not read a resource may not watch it. */
function checkScopes({ resourceSubscriptions = [] }: Filter, table: Table, scopes: ReadonlySet<string>): void {
  const needed = resourceSubscriptions.map((uri) => findResource(table, uri)?.entry.resource.scope);
  const lacking = needed.filter((scope) => scope !== undefined && !scopes.has(scope)) as string[];
  if (lacking.length > 0) throw new ScopeRequired([...new Set(lacking)]);
}

const invalid = (problem: string): RpcError => new RpcError(INVALID_PARAMS, `Invalid params: ${problem}.`);
