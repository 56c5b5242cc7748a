/**
 * What calls spend on models, from a server that asks an engine down to the lines of its audit log.
 */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { z } from 'zod';
import { engine } from '#models/testing/openai-engine.ts';
import { startScripted } from '#models/testing/scripted.ts';
import { startTestApp, type TestApp } from '../app.testing.ts';
import type { Inference } from '../inference/inference.ts';
import { defineTool, type Toolset } from '../toolsets/toolset.ts';

/** One tool, which asks a model as often as it is told. */
const thinking: Toolset<Inference, unknown> = {
  name: 'thinking',
  config: z.unknown(),
  instructions: '',
  migrations: [],
  resources: [],
  tools: [
    defineTool<Inference>()({
      name: 'think',
      title: 'Think',
      description: 'Asks a model.',
      scope: 'think',
      annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
      input: z.object({ times: z.int() }),
      output: z.object({ times: z.int() }),
      run: async ({ times }, { deps }) => {
        for (let n = 0; n < times; n += 1) await deps.chat({ messages: [{ role: 'user', content: 'hi' }] });
        return { times };
      },
    }),
  ],
  open: ({ inference }) => inference,
};

async function startThinking(): Promise<TestApp> {
  const model = await startScripted(engine(['m']));
  const file = join(await mkdtemp(join(tmpdir(), 'mcp-fleet-test-')), 'backend.yaml');
  const backend = {
    apiVersion: 'mcpfleet.dev/v1alpha1',
    kind: 'ModelBackend',
    metadata: { name: 'local' },
    spec: { type: 'External', models: [{ name: 'm' }], external: { url: model.url, allowInsecure: true } },
  };
  await writeFile(file, stringify(backend));
  const app = await startTestApp(
    { toolsets: [{ name: 'thinking' }], backends: { source: 'Files', paths: [file] } },
    { thinking: async () => thinking },
  );
  onTestFinished(async () => {
    await app.close();
    await model.close();
  });
  return app;
}

const call = (times: number) => ({
  jsonrpc: '2.0',
  id: times,
  method: 'tools/call',
  params: { name: 'think', arguments: { times } },
});

test('each call of a batch is put down with its own tokens, and one that asks no model with none', async () => {
  const app = await startThinking();
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': '2025-03-26',
  };
  const body = JSON.stringify([call(1), call(3), call(2), call(0)]);
  const answer = await fetch(app.url, { method: 'POST', headers, body });
  expect(await answer.json()).toHaveLength(4);
  app.flush();
  const calls = app.lines.filter(({ message }) => message === 'call');
  const spent = (kind: 'inputTokens' | 'outputTokens') => new Set(calls.map((line) => line[kind]));
  expect(calls).toHaveLength(4);
  expect(spent('inputTokens')).toEqual(new Set([undefined, 7, 14, 21]));
  expect(spent('outputTokens')).toEqual(new Set([undefined, 3, 6, 9]));
});
