/**
 * The way down when a part of the server does not close: the others do, and who asked for it is told.
 */
import { expect, test } from 'vitest';
import { startTestApp } from './app.testing.ts';
import { post } from './protocol/clients.testing.ts';

const failing = (what: string) => (): never => {
  throw new Error(`${what} does not close`);
};

test('an audit log that cannot be written keeps no store open', async () => {
  const app = await startTestApp({}, {}, { audit: { write: failing('the audit log') } });
  await post(app.url, 'tools/call', { name: 'echo', arguments: { text: 'x' } });
  expect(await app.runtime.store.ready()).toBe(true);
  await expect(app.close()).rejects.toThrow('the audit log does not close');
  expect(await app.runtime.store.ready()).toBe(false);
  await expect(fetch(app.healthUrl)).rejects.toThrow('fetch failed');
});

test('tasks that cannot be ended keep neither the store, nor a port, nor a line of the audit log back', async () => {
  const app = await startTestApp();
  Object.assign(app.runtime.extensions, { close: async () => failing('the task runner')() });
  await post(app.url, 'tools/call', { name: 'echo', arguments: { text: 'x' } });
  await expect(app.close()).rejects.toBeInstanceOf(SuppressedError);
  expect(await app.runtime.store.ready()).toBe(false);
  expect(app.lines).toContainEqual(expect.objectContaining({ message: 'call', name: 'echo' }));
  await expect(fetch(app.healthUrl)).rejects.toThrow('fetch failed');
  await expect(fetch(app.url)).rejects.toThrow('fetch failed');
});
