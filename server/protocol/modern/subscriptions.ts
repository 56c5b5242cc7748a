/**
 * `subscriptions/listen`: who wants to hear of which changes, and telling them. A change is told in slices, so that ten
 * thousand listeners do not hold up everybody else, and twice the same change in a row is told once. Must not know a
 * transport.
 */
import { type EventBus, keyOf, type ServerEvent } from '../../events/event.ts';
import { inSlices } from '../../http/event-stream.ts';
import type { Caller } from '../../toolsets/call.ts';
import { type Id, notificationText, type Params, resultText } from '../message.ts';
import { INTERNAL_ERROR, INVALID_PARAMS, RpcError } from '../rpc-error.ts';
import type { Table } from '../table.ts';
import { SUBSCRIPTION_ID } from './envelope.ts';
import { checkScopes, type Filter, honoured, LISTS, readFilter } from './filter.ts';
import type { Extension } from './methods.ts';
import { Places } from './places.ts';
import type { Line, ModernRequest } from './request.ts';
import type { Results } from './results.ts';
import { atTimes, spreadOver } from './spread.ts';
import { type TaskStates, TaskWatch } from './task-watch.ts';

export interface SubscriptionsOptions {
  readonly table: Table;
  readonly bus: EventBus;
  readonly results: Results;
  readonly maxSubscriptions: number;
  readonly extensions?: readonly Extension[] | undefined;
  /** How long `close` takes for so many, in milliseconds. */
  readonly endMs?: (count: number) => number;
}

/** Holds nothing of the request that opened it: there are many, and they stay for hours. */
interface Subscription {
  readonly id: Id;
  readonly callerId: string;
  readonly filter: Filter;
  readonly line: Line;
  readonly tasks: TaskWatch | undefined;
}

/** Clients come back as fast as they are let go: 500 a second, or faster where that would keep a pod from stopping. */
const END_EACH_MS = 2;
/** In milliseconds. */
export const MOST_END_MS = 10_000;
const endWithin = (count: number): number => Math.min(count * END_EACH_MS, MOST_END_MS);

export class Subscriptions {
  readonly #options: SubscriptionsOptions;
  readonly #open = new Set<Subscription>();
  /** Of those that are open, and those that are being opened. */
  readonly #places: Places;
  /** Those who listen for one resource, by its URI, or one task, by its id. */
  readonly #byUri = new Map<string, Set<Subscription>>();
  readonly #byTask = new Map<string, Set<Subscription>>();
  readonly #unsubscribe: () => void;
  /** Changes to be told, in order. */
  readonly #changes = new Map<string, ServerEvent>();
  #telling: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
    this.#places = new Places(options.maxSubscriptions);
    this.#unsubscribe = options.bus.subscribe((event) => this.#note(event));
  }

  get count(): number {
    return this.#open.size;
  }

  /** Gives the result of a subscription of nothing; any other is answered when this server ends it. Throws or rejects with RpcError. */
  open(params: Params, request: ModernRequest): string | undefined | Promise<string | undefined> {
    const { table, extensions } = this.#options;
    const asked = readFilter(params);
    const filter = honoured(asked, table);
    const { caller, channel } = request;
    if (caller.scopes) checkScopes(filter, table, caller.scopes);
    if (!channel.open) throw new RpcError(INVALID_PARAMS, 'Accept text/event-stream to listen.');
    const refusal = this.#places.refusal(caller);
    if (refusal !== undefined) throw new RpcError(INTERNAL_ERROR, refusal);
    const tasks = asked.taskIds && extensions?.find((extension) => extension.tasks)?.tasks;
    if (!tasks) return this.#listen(request, filter);
    this.#places.take(caller.id);
    return tasks
      .known([...new Set(asked.taskIds)], request)
      .finally(() => this.#places.giveBack(caller.id))
      .then((taskIds) =>
        taskIds.length === 0
          ? this.#listen(request, filter)
          : this.#listen(request, { ...filter, taskIds }, readerOf(tasks, caller)),
      );
  }

  /**
   * Ends every subscription with a result, so that clients know it from a connection that broke; spread over time, so
   * that those who stayed together do not come back together. Changes are told until then.
   */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  #listen(request: ModernRequest, filter: Filter, read?: TaskRead): string | undefined {
    const { caller, channel, received } = request;
    const { id } = received;
    const acknowledgement = told(id, 'notifications/subscriptions/acknowledged', { notifications: filter });
    if (this.#closing || Object.keys(filter).length === 0) {
      channel.say(acknowledgement);
      return this.#options.results.unsubscribed(id);
    }
    const line = channel.stay();
    if (line.send(acknowledgement)) this.#add(line, id, caller.id, filter, read);
    return undefined;
  }

  #add(line: Line, id: Id, callerId: string, filter: Filter, read: TaskRead | undefined): void {
    const tasks =
      read && new TaskWatch({ line, ids: filter.taskIds ?? [], read: async (task) => taskText(id, await read(task)) });
    const subscription = { id, callerId, filter, line, tasks };
    this.#open.add(subscription);
    this.#places.take(callerId);
    for (const uri of filter.resourceSubscriptions ?? []) enter(this.#byUri, uri, subscription);
    for (const task of filter.taskIds ?? []) enter(this.#byTask, task, subscription);
    line.whenClosed(() => this.#forget(subscription));
    tasks?.note(tasks.ids); // what has changed since the client was told of a task would else be told to nobody
  }

  #forget(subscription: Subscription): void {
    this.#open.delete(subscription);
    this.#places.giveBack(subscription.callerId);
    for (const uri of subscription.filter.resourceSubscriptions ?? []) leave(this.#byUri, uri, subscription);
    for (const task of subscription.filter.taskIds ?? []) leave(this.#byTask, task, subscription);
  }

  async #close(): Promise<void> {
    const { results, endMs = endWithin } = this.#options;
    const open = [...this.#open];
    const times = spreadOver(open.length, endMs(open.length), Math.random);
    await atTimes(open, times, ({ id, line }) => {
      line.send(resultText(id, results.unsubscribed(id)));
      line.end();
    });
    this.#unsubscribe();
    await this.#telling;
  }

  #note(event: ServerEvent): void {
    if (this.#audience(event).size === 0) return;
    this.#changes.set(keyOf(event), event);
    this.#telling ??= this.#tellAll().finally(() => (this.#telling = undefined));
  }

  #audience(event: ServerEvent): ReadonlySet<Subscription> {
    if (event.type === 'resource') return this.#byUri.get(event.uri) ?? NOBODY;
    return event.type === 'task' ? (this.#byTask.get(event.id) ?? NOBODY) : this.#open;
  }

  async #tellAll(): Promise<void> {
    await new Promise(setImmediate); // what comes in one turn is told once
    for (const [key, event] of this.#changes) {
      this.#changes.delete(key);
      await inSlices(this.#audience(event), (subscription) => tell(subscription, event));
    }
  }
}

type TaskRead = (id: string) => Promise<string | undefined>;

/** A function made within `open` would hold its request. */
const readerOf =
  (tasks: TaskStates, caller: Caller): TaskRead =>
  (id) =>
    tasks.read(id, { caller });

const NOBODY: ReadonlySet<Subscription> = new Set();

function enter(index: Map<string, Set<Subscription>>, key: string, subscription: Subscription): void {
  const known = index.get(key);
  if (known) known.add(subscription);
  else index.set(key, new Set([subscription]));
}

function leave(index: Map<string, Set<Subscription>>, key: string, subscription: Subscription): void {
  const known = index.get(key);
  if (known?.delete(subscription) && known.size === 0) index.delete(key);
}

function tell({ id, filter, line, tasks }: Subscription, event: ServerEvent): void {
  if (event.type === 'task') return tasks?.note([event.id]);
  const isAll = event.type === 'all';
  for (const [type, [member, method]] of Object.entries(LISTS))
    if ((isAll || event.type === type) && filter[member]) line.send(told(id, method, {}));
  if (event.type === 'resource') line.send(told(id, UPDATED, { uri: event.uri }));
  if (!isAll) return;
  for (const uri of filter.resourceSubscriptions ?? []) line.send(told(id, UPDATED, { uri }));
  tasks?.note(tasks.ids);
}

const UPDATED = 'notifications/resources/updated';

const told = (id: Id, method: string, params: Params): string =>
  notificationText(method, { ...params, _meta: { [SUBSCRIPTION_ID]: id } });

/** `members` is JSON text already. */
const taskText = (id: Id, members: string | undefined): string | undefined =>
  members &&
  `{"jsonrpc":"2.0","method":"notifications/tasks","params":{${members},"_meta":${JSON.stringify({ [SUBSCRIPTION_ID]: id })}}}`;
