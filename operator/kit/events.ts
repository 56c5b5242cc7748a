/**
 * Kubernetes Events (events.k8s.io/v1) for what a person would ask about. The same event about the same object becomes
 * a series; an object that talks too much is cut to one event per five minutes. Writing happens in the background and
 * never holds up or fails a reconcile: what cannot be written is counted.
 */
import { randomUUID } from 'node:crypto';
import type { Client } from './client.ts';
import { type Clock, systemClock } from './clock.ts';
import { isNotFound } from './errors.ts';
import type { Logger } from './log.ts';
import { type Metrics, noMetrics } from './metrics.ts';
import { apiVersionOf, type Cached, type Resource } from './object.ts';
import { events } from './resources.ts';
import type { Event, ObjectReference } from './wire.ts';

/** What happened, as a value; each event of a controller is a small function that makes one. */
export interface EventIntent {
  readonly type: 'Normal' | 'Warning';
  /** UpperCamelCase, why. */
  readonly reason: string;
  /** UpperCamelCase, what the controller did, e.g. Reconcile. */
  readonly action: string;
  /** A sentence, at most 1024 bytes. */
  readonly note: string;
}

export interface EventRecorder {
  /** Records without waiting. */
  record(resource: Resource, object: Cached, event: EventIntent): void;
  /** Waits until what was recorded is written, at most this long. */
  flush(timeoutMs: number): Promise<void>;
}

export interface EventRecorderOptions {
  readonly client: Client;
  /** e.g. mcpfleet.dev/operator. */
  readonly controller: string;
  /** Of this process, at most 128 characters. */
  readonly instance: string;
  readonly log: Logger;
  readonly metrics?: Metrics;
  readonly clock?: Clock;
}

/** client-go's EventSourceObjectSpamFilter: 25 at once, then one per five minutes and object. */
const burst = 25;
const refillMs = 300_000;
/** An equal event within this time joins the series. */
const seriesMs = 360_000;
const maxWaiting = 1000;
const maxRemembered = 4096;
const maxNoteBytes = 1024;

interface Series {
  readonly event: Event;
  readonly at: number;
}

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const clock = options.clock ?? systemClock;
  const metrics = options.metrics ?? noMetrics;
  const allowances = new Map<string, { tokens: number; at: number }>();
  const series = new Map<string, Series>();
  const waiting: { readonly resource: Resource; readonly object: Cached; readonly event: EventIntent }[] = [];
  let writing: Promise<void> | undefined;

  const allowed = (uid: string): boolean => {
    const now = clock.now();
    const before = allowances.get(uid) ?? { tokens: burst, at: now };
    const tokens = Math.min(burst, before.tokens + (now - before.at) / refillMs);
    remember(allowances, uid, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: now });
    return tokens >= 1;
  };

  const write = async (resource: Resource, object: Cached, intent: EventIntent): Promise<void> => {
    const regarding = reference(resource, object);
    const id = JSON.stringify([regarding.uid, intent.type, intent.reason, intent.action, intent.note]);
    const before = series.get(id);
    const time = new Date(clock.wall()).toISOString().replace('Z', '000Z');
    if (before !== undefined && clock.now() - before.at < seriesMs) {
      const count = (before.event.series?.count ?? 1) + 1;
      const event = { ...before.event, series: { count, lastObservedTime: time } };
      try {
        await options.client.patch(events, keyOfEvent(event), { series: event.series }, { timeoutMs: 10_000 });
        remember(series, id, { event, at: clock.now() });
        return;
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
    const event: Event = {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: {
        // Events of cluster-scoped objects live in default, as client-go does it.
        namespace: regarding.namespace ?? 'default',
        name: `${regarding.name.slice(0, 200)}.${randomUUID().replaceAll('-', '').slice(0, 16)}`,
      },
      eventTime: time,
      reportingController: options.controller,
      reportingInstance: options.instance.slice(0, 128),
      action: intent.action,
      reason: intent.reason,
      regarding,
      note: intent.note,
      type: intent.type,
    };
    await options.client.create(events, event, { timeoutMs: 10_000 });
    remember(series, id, { event, at: clock.now() });
  };

  const drain = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      try {
        await write(next.resource, next.object, next.event);
        metrics.event(true);
      } catch (error) {
        metrics.event(false);
        options.log.warn({ error, reason: next.event.reason }, 'an event could not be written');
      }
    }
    writing = undefined;
  };

  return {
    record: (resource, object, event) => {
      if (waiting.length >= maxWaiting || !allowed(object.metadata.uid)) {
        metrics.event(false);
        return;
      }
      waiting.push({ resource, object, event: { ...event, note: cut(event.note, maxNoteBytes) } });
      writing ??= drain();
    },
    flush: async (timeoutMs) => {
      if (writing === undefined) return;
      const late = Promise.withResolvers<undefined>();
      const cancel = clock.after(timeoutMs, () => late.resolve(undefined));
      await Promise.race([writing, late.promise]);
      cancel();
    },
  };
}

function keyOfEvent(event: Event): { namespace: string; name: string } {
  return { namespace: event.metadata.namespace ?? '', name: event.metadata.name };
}

function reference(resource: Resource, object: Cached): ObjectReference {
  const { namespace, name, uid } = object.metadata;
  return {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    name,
    uid,
    ...(namespace === '' ? {} : { namespace }),
  };
}

/** Sets the entry as the newest and drops the oldest above the bound. */
function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= maxRemembered) return;
  const oldest = map.keys().next();
  if (oldest.done !== true) map.delete(oldest.value);
}

function cut(text: string, bytes: number): string {
  const encoded = Buffer.from(text);
  return encoded.length <= bytes
    ? text
    : `${new TextDecoder().decode(encoded.subarray(0, bytes - 6)).replace(/\ufffd+$/, '')}…`;
}
