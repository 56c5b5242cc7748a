/**
 * The shape that all fixtures share: tools that read only, need one right, and give content blocks. Knows no fixture.
 */
import { z } from 'zod';
import type { ContentBlock } from '../content.ts';
import { type Call, defineTool, type Tool } from '../toolset.ts';
import { text } from './content.ts';

export interface EverythingDeps {
  /** Waits, or rejects when the signal is aborted. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

export const define = defineTool<EverythingDeps>();
export const SCOPE = 'everything';

export const common = {
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  scope: SCOPE,
} as const;

type Given = string | readonly ContentBlock[];

/** A tool without arguments. Text stands for one text block. */
export function fixture(
  name: string,
  title: string,
  description: string,
  run: (call: Call<EverythingDeps>) => Given | Promise<Given>,
): Tool<EverythingDeps> {
  return define({
    ...common,
    name,
    title,
    description,
    input: z.strictObject({}),
    run: async (_input, call) => {
      const given = await run(call);
      return { content: typeof given === 'string' ? [text(given)] : given };
    },
  });
}
