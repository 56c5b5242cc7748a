import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { places } from '#e2e/cluster/places.ts';
import { type Llama, startLlama } from '#e2e/engines/llama.ts';
import { findLlamaServer } from '#e2e/engines/llama-build.ts';
import { serverConfig } from '../../config.ts';
import { type OpenInference, openInference } from '../../inference/open.ts';
import { type OpenDatabase, openDatabase } from '../../store/database.ts';
import { silent } from '../../store/databases.testing.ts';
import { openTasks } from './tasks.testing.ts';

/** A ModelBackend, as a person writes it for a server without a cluster. */
const backend = (url: string) => ({
  apiVersion: 'mcpfleet.dev/v1alpha1',
  kind: 'ModelBackend',
  metadata: { name: 'local' },
  spec: { type: 'External', models: [{ name: 'tiny' }], external: { url, allowInsecure: true } },
});

/** The engine, or why there is none: compiling it takes longer than unit tests may. */
async function startEngine(): Promise<Llama | { readonly missing: string }> {
  const { cache } = places(process.env);
  if ((await findLlamaServer(cache)) !== undefined) return startLlama({ cache, alias: 'tiny' });
  return { missing: 'llama-server is not built on this machine yet; npm test builds it' };
}

const engine = await startEngine();
const missing = 'missing' in engine ? engine.missing : undefined;
if (missing !== undefined) console.warn(`skipped with a real engine: ${missing}`);

describe.skipIf(missing !== undefined)('with a real engine', () => {
  let folder: string;
  let store: OpenDatabase;
  let inference: OpenInference;
  let tasks: Awaited<ReturnType<typeof openTasks>>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mcp-fleet-tasks-'));
    const file = join(folder, 'backend.yaml');
    await writeFile(file, stringify(backend('url' in engine ? engine.url : '')));
    const config = serverConfig.parse({
      name: 'test',
      toolsets: [{ name: 'tasks' }],
      backends: { source: 'Files', paths: [file] },
      routes: [{ name: 'default', targets: [{ backend: 'local', model: 'tiny' }] }],
      storage: { type: 'Embedded', path: ':memory:' },
    });
    inference = await openInference(config, { log: silent });
    store = await openDatabase(config.storage, { log: silent });
    tasks = await openTasks(store, { inference });
    for (let index = 1; index <= 50; index += 1)
      await tasks.create({
        title: `Prepare part ${index} of the yearly report for the board`,
        description: 'Collect the figures, ask the teams for their comments and send a draft around. '.repeat(3),
        priority: index % 5 === 0 ? 'urgent' : 'normal',
        due_date: `2030-03-${String((index % 28) + 1).padStart(2, '0')}`,
        effort_hours: (index % 8) + 1,
      });
  });

  afterAll(async () => {
    await inference.close();
    await store.close();
    await rm(folder, { recursive: true, force: true });
    if ('stop' in engine) await engine.stop();
  });

  test.each([
    ['analyze_workload', {}],
    ['analyze_workload', { time_horizon: 'month' }],
    ['smart_prioritize', { task_description: 'The backup of the customer database fails since last night.' }],
    ['suggest_next_action', {}],
  ])('%s %o answers by the model, in its form, within three seconds', async (name, input) => {
    const start = performance.now();
    const answer = await tasks.call(name, input);
    const ms = performance.now() - start;
    expect(answer).toMatchObject({ status: 'ok', model: 'tiny' });
    expect(ms).toBeLessThan(3_000);
  });

  test('when the engine is gone the answers go on, marked as degraded', async () => {
    if ('stop' in engine) await engine.stop();
    const start = performance.now();
    const answer = await tasks.call('suggest_next_action');
    expect(answer).toMatchObject({ status: 'degraded', task_count: 50, suggestion: { task_id: 'TASK-0030' } });
    expect(answer['error']).toMatch(/model/);
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});
