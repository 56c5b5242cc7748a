/**
 * Tools that do not look at their signal: nothing can stop them, and nobody but their own pod's memory and processor
 * suffers from that.
 */
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { startTestApp, type TestApp } from '../app.testing.ts';
import { post } from '../protocol/clients.testing.ts';
import { defineTool, type Toolset } from '../toolsets/toolset.ts';

let app: TestApp;
afterEach(() => app.close());

const answers: PromiseWithResolvers<void>[] = [];
const stubborn: Toolset<unknown, unknown> = {
  name: 'stubborn',
  config: z.unknown(),
  instructions: '',
  migrations: [],
  resources: [],
  tools: [
    defineTool<unknown>()({
      name: 'go_on',
      title: 'Go on',
      description: 'For tests.',
      scope: 'x',
      annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
      input: z.object({}),
      output: z.object({ late: z.literal(true) }),
      run: async (_input, { progress, log }) => {
        const answer = Promise.withResolvers<void>();
        answers.push(answer);
        await answer.promise;
        progress({ progress: 1 });
        log.info('went on');
        return { late: true as const };
      },
    }),
  ],
  open: () => undefined,
};
const start = async (callTimeoutMs: number): Promise<void> => {
  answers.splice(0);
  const config = { toolsets: [{ name: 'stubborn' }, { name: 'echo' }], limits: { maxInFlight: 1, callTimeoutMs } };
  app = await startTestApp(config, { stubborn: async () => stubborn });
};
const echo = async (): Promise<number> =>
  (await post(app.url, 'tools/call', { name: 'echo', arguments: { text: 'x' } })).status;
const metrics = async (): Promise<string> => (await fetch(`${app.healthUrl}/metrics`)).text();
const endings = (): unknown[] =>
  app.lines.filter(({ message, name }) => message === 'call' && name === 'go_on').map(({ outcome }) => outcome);

test('one whose time is over is answered then, holds no place, and what it comes to reaches nobody', async () => {
  await start(100);
  const began = performance.now();
  const answer = await post(app.url, 'tools/call', { name: 'go_on', arguments: {} });
  expect(await answer.text()).toContain('0.1 s');
  expect(performance.now() - began).toBeLessThan(5_000);
  expect(await echo()).toBe(200);
  expect(await metrics()).toContain('mcp_server_requests_in_flight 0');
  answers[0]?.resolve();
  await expect.poll(() => app.lines.some(({ message }) => message === 'went on')).toBe(true);
  expect(await echo()).toBe(200);
  await app.close();
  expect(endings()).toEqual(['timeout']);
});

test('one whose client has gone away holds no place either', async () => {
  await start(60_000);
  const hangUp = new AbortController();
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'go_on', arguments: {} },
  });
  const called = fetch(app.url, { method: 'POST', headers, body, signal: hangUp.signal });
  called.catch(() => undefined);
  await expect.poll(() => answers.length).toBe(1);
  expect(await echo()).toBe(503);
  hangUp.abort();
  await expect.poll(echo).toBe(200);
  // It has done its work, and so it is written down.
  answers[0]?.resolve();
  await expect.poll(() => app.lines.some(({ message }) => message === 'went on')).toBe(true);
  await app.close();
  expect(endings()).toEqual(['ok']);
});
