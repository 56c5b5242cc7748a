/**
 * A small toolset for tests of everything that carries toolsets: it echoes, waits, fails in each way that a tool can
 * fail, and writes down what reached it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { InferenceError } from '../inference/inference.ts';
import { defineTool, type Resource, type Tool, ToolError, type Toolset } from '../toolsets/toolset.ts';

export interface EchoDeps {
  readonly written: string[];
}

const annotations = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };
const define = defineTool<EchoDeps>();
const common = { annotations, scope: 'echo' };

const tools: readonly Tool<EchoDeps>[] = [
  define({
    ...common,
    name: 'echo',
    title: 'Echo',
    description: 'Gives the text back.',
    input: z.object({ text: z.string().max(100_000), times: z.int().min(1).max(5).default(1) }),
    output: z.object({ text: z.string(), tag: z.string().default('none') }),
    run: async ({ text, times }, { deps }) => {
      deps.written.push(text);
      return { text: text.repeat(times) };
    },
  }),
  define({
    ...common,
    name: 'wait',
    title: 'Wait',
    description: 'Answers after a time, with progress.',
    input: z.object({ ms: z.int().min(0).max(60_000), steps: z.int().min(1).max(10).default(1) }),
    output: z.object({ waited: z.int() }),
    run: async ({ ms, steps }, call) => {
      const { signal, deps } = call;
      deps.written.push('waiting');
      signal.addEventListener('abort', () => deps.written.push('aborted'));
      for (let step = 1; step <= steps; step += 1) {
        await sleep(ms / steps, undefined, { signal });
        call.progress({ progress: step, total: steps, message: `step ${step}` });
      }
      return { waited: ms };
    },
  }),
  define({
    ...common,
    name: 'fail',
    title: 'Fail',
    description: 'Fails as told.',
    input: z.object({ how: z.enum(['tool', 'model', 'bug', 'late', 'output']) }),
    output: z.object({ fine: z.literal(true) }),
    run: async ({ how }) => {
      if (how === 'tool') throw new ToolError('There is no such thing; call list_things.');
      if (how === 'model') throw new InferenceError('Unavailable', 'No model answers now.');
      if (how === 'bug') throw new TypeError('connect ECONNREFUSED postgres://user:hunter2@db');
      if (how === 'late') await new Promise(() => undefined);
      return { fine: false } as unknown as { fine: true };
    },
  }),
];

const NAMES = ['apple', 'apricot', 'banana'];

const resources: readonly Resource<EchoDeps>[] = [
  {
    uri: 'echo://all',
    name: 'all',
    title: 'All',
    description: 'Every name.',
    mimeType: 'application/json',
    read: async () => JSON.stringify(NAMES),
  },
  {
    uri: 'echo://{name}',
    name: 'one',
    title: 'One',
    description: 'One name.',
    mimeType: 'text/plain',
    read: async ({ name = '' }) => {
      if (name === 'bug') throw new Error('secret detail');
      return NAMES.includes(name) ? `It is ${name}.` : undefined;
    },
    list: async () => NAMES.map((name) => ({ uri: `echo://${name}`, name })),
    complete: async (_variable, prefix) => NAMES.filter((name) => name.startsWith(prefix)),
  },
];

/** `written` collects what tools were really run with. */
export const echoToolset = (written: string[] = []): Toolset<EchoDeps, unknown> => ({
  name: 'echo',
  config: z.strictObject({ volume: z.int().optional() }),
  instructions: 'Echo things.',
  migrations: [],
  tools,
  resources,
  open: () => ({ written }),
});
