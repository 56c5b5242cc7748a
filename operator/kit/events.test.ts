import { afterEach, beforeEach, expect, test } from 'vitest';
import { createEventRecorder, type EventRecorder } from './events.ts';
import { silentLogger } from './log.ts';
import { createMetrics } from './metrics.ts';
import type { Cached } from './object.ts';
import * as kinds from './resources.ts';
import { createClient, type RestClient } from './rest-client.ts';
import { startTestApi, type TestApi } from './testing/api.ts';
import { FakeClock } from './testing/clock.ts';
import { STORED } from './testing/metadata.ts';
import type { Event } from './wire.ts';

let api: TestApi;
let client: RestClient;
let clock: FakeClock;
let metrics: ReturnType<typeof createMetrics>;
let recorder: EventRecorder;

const object: Cached = { metadata: { ...STORED, namespace: 'a', name: 'x', uid: 'u', generation: 1 } };
const ready = (note = 'It serves.') => ({ type: 'Normal', reason: 'Ready', action: 'Reconcile', note }) as const;

beforeEach(async () => {
  api = await startTestApi();
  client = createClient({ config: api.config });
  clock = new FakeClock();
  metrics = createMetrics();
  recorder = createEventRecorder({ client, controller: 'test', instance: 'me', log: silentLogger, clock, metrics });
});
afterEach(async () => {
  await client.close();
  await api.close();
});

const record = async (...events: Parameters<EventRecorder['record']>[2][]): Promise<readonly Event[]> => {
  for (const event of events) recorder.record(kinds.deployments, object, event);
  await recorder.flush(5000);
  return api.list(kinds.events);
};

test('an event names its object, who reports it and why', async () => {
  expect(await record(ready())).toEqual([
    expect.objectContaining({
      metadata: expect.objectContaining({ namespace: 'a' }),
      regarding: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'a', name: 'x', uid: 'u' },
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingController: 'test',
      reportingInstance: 'me',
      type: 'Normal',
      reason: 'Ready',
      note: 'It serves.',
    }),
  ]);
});

test('the same again becomes a series, something else an event of its own, and after a while a new one', async () => {
  const events = await record(ready(), ready(), ready(), ready('It serves again.'));
  expect(events.map(({ series }) => series?.count)).toEqual([3, undefined]);
  clock.advance(400_000);
  expect(await record(ready())).toHaveLength(3);
});

test('a series whose event has expired starts anew', async () => {
  await record(ready());
  for (const { metadata } of api.list(kinds.events)) api.remove(kinds.events, { namespace: 'a', name: metadata.name });
  expect((await record(ready())).map(({ series }) => series)).toEqual([undefined]);
});

test('an object that talks too much is cut to one event per five minutes', async () => {
  const many = (note: string) => Array.from({ length: 40 }, (_, n) => ready(`${note} ${n}`));
  expect(await record(...many('first'))).toHaveLength(25);
  clock.advance(300_000);
  expect(await record(...many('second'))).toHaveLength(26);
  expect(await metrics.registry.metrics()).toContain('event_recorder_events_total{result="dropped"} 54');
});

test('what cannot be written is counted, held up nobody, and does not stop the next', async () => {
  api.faults.inject({ kind: 'status', code: 403, reason: 'Forbidden' });
  expect(await record(ready('1'), ready('2'))).toMatchObject([{ note: '2' }]);
  expect(await metrics.registry.metrics()).toContain('event_recorder_events_total{result="dropped"} 1');
});

test('a note is cut to what the API takes, on a character', async () => {
  const [event] = await record(ready('é'.repeat(1000)));
  expect(Buffer.byteLength(event?.note ?? '')).toBeLessThanOrEqual(1024);
  expect(event?.note).toMatch(/^é+…$/);
});
