/**
 * A toolset that does everything beside answering: it asks, logs, lets connections go, and tells of changes.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import {
  definePrompt,
  defineResource,
  defineTool,
  type Prompt,
  type Resource,
  type Tool,
  type Toolset,
} from '../../toolsets/toolset.ts';

export interface TalkingDeps {
  /** What happened to tools, in order. */
  readonly seen: string[];
}

const common = {
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  scope: 'talk',
  title: 'Talk',
  description: 'Talks.',
};
const define = defineTool<TalkingDeps>();
const text = (said: string) => ({ content: [{ type: 'text' as const, text: said }] });

const tools: readonly Tool<TalkingDeps>[] = [
  define({
    ...common,
    name: 'ask_name',
    input: z.object({}),
    run: async (_input, call) => {
      const schema = z.object({ name: z.string() });
      const answer = await call.elicit('name', { message: 'Who are you?', schema });
      return text(answer.action === 'accept' ? `Hello ${answer.content.name}` : `No: ${answer.action}`);
    },
  }),
  define({
    ...common,
    name: 'ask_model',
    input: z.object({}),
    run: async (_input, call) => {
      const messages = [{ role: 'user' as const, content: { type: 'text' as const, text: 'Say hi' } }];
      const { content } = await call.sample('hi', { messages, maxTokens: 5 });
      return text(JSON.stringify(content));
    },
  }),
  define({
    ...common,
    name: 'ask_roots',
    input: z.object({}),
    run: async (_input, call) => text((await call.roots('roots')).map(({ uri }) => uri).join()),
  }),
  define({
    ...common,
    name: 'log',
    input: z.object({}),
    run: async (_input, call) => {
      call.message('debug', 'small');
      call.message('error', { large: true }, 'talk');
      return text('logged');
    },
  }),
  define({
    ...common,
    name: 'change',
    input: z.object({ uri: z.string().optional() }),
    run: async ({ uri }, call) => {
      if (uri === undefined) for (const type of ['tools', 'prompts', 'resources'] as const) call.notify({ type });
      else call.notify({ type: 'resource', uri });
      return text('changed');
    },
  }),
  define({
    ...common,
    name: 'come_back',
    input: z.object({ ms: z.int(), size: z.int().default(0) }),
    run: async ({ ms, size }, call) => {
      await call.detach();
      await sleep(ms);
      call.deps.seen.push('came back');
      return text('here it is'.padEnd(size, '.'));
    },
  }),
  define({
    ...common,
    name: 'work',
    input: z.object({ ms: z.int(), steps: z.int().default(1), size: z.int().default(1) }),
    run: async ({ ms, steps, size }, call) => {
      const { deps, signal } = call;
      deps.seen.push('started');
      signal.addEventListener('abort', () => deps.seen.push('aborted'));
      for (let step = 1; step <= steps; step += 1) {
        await sleep(ms, undefined, { signal });
        call.progress({ progress: step, total: steps, message: 'm'.repeat(size) });
      }
      deps.seen.push('done');
      return text('worked');
    },
  }),
];

const prompts: readonly Prompt<TalkingDeps>[] = [
  definePrompt<TalkingDeps>()({
    name: 'greet',
    title: 'Greet',
    description: 'Greets.',
    arguments: { who: { description: 'Whom', required: true, complete: async (prefix) => [`${prefix}a`] } },
    run: async ({ who }) => [{ role: 'user', content: { type: 'text', text: `Greet ${who}` } }],
  }),
];

const resources: readonly Resource<TalkingDeps>[] = [
  defineResource<TalkingDeps>()({
    uri: 'talk://now',
    name: 'now',
    title: 'Now',
    description: 'Now.',
    mimeType: 'text/plain',
    read: async () => 'now',
  }),
];

export const talkingToolset = (seen: string[] = []): Toolset<TalkingDeps, unknown> => ({
  name: 'talking',
  config: z.unknown(),
  instructions: 'Talk.',
  migrations: [],
  tools,
  resources,
  prompts,
  needs: { asks: true, logging: true, publishes: ['tools', 'prompts', 'resources', 'resource'] },
  open: () => ({ seen }),
});
