/**
 * The toolset of the benchmarks: one tool that echoes among as many others as asked for, and where it is alone one that
 * waits and one that tells subscribers. Says that it asks users things, so that the server offers sessions. Nothing but the server itself costs time here.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { defineTool, type Tool, type Toolset } from '#server/toolsets/toolset.ts';

const annotations = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };
const define = defineTool<undefined>();
const common = { annotations, scope: 'bench' };

const text = z.string().max(100_000).describe('Any text.');

const echo = (name: string): Tool<undefined> =>
  define({
    ...common,
    name,
    title: 'Echo',
    description: 'Gives the text back.',
    input: z.object({ text }),
    output: z.object({ text }),
    run: async (input) => ({ text: input.text }),
  });

const later = define({
  ...common,
  name: 'later',
  title: 'Later',
  description: 'Gives the text back after some milliseconds.',
  input: z.object({ text, ms: z.int().min(0).max(60_000) }),
  output: z.object({ text }),
  run: async (input, { signal }) => {
    await sleep(input.ms, undefined, { signal });
    return { text: input.text };
  },
});

const announce = define({
  ...common,
  name: 'announce',
  title: 'Announce',
  description: 'Tells every subscriber that the list of tools has changed.',
  input: z.object({}),
  output: z.object({ told: z.boolean() }),
  run: async (_, call) => {
    call.notify({ type: 'tools' });
    return { told: true };
  },
});

/** With `tools` tools in all that echo; the first is `echo`. */
export const benchToolset = (tools: number): Toolset<undefined, unknown> => ({
  name: `bench${tools}`,
  config: z.strictObject({}),
  instructions: 'For benchmarks.',
  migrations: [],
  tools: [
    ...Array.from({ length: tools }, (_, at) => echo(at === 0 ? 'echo' : `echo_${String(at).padStart(3, '0')}`)),
    ...(tools === 1 ? [later, announce] : []),
  ],
  resources: [],
  needs: { publishes: ['tools'], asks: true },
  open: () => undefined,
});
