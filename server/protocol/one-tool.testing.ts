/** A dispatch over one tool that does what the test says, and calls of it. */
import { z } from 'zod';
import { type Call, defineTool, type Tool, type Toolset } from '../toolsets/toolset.ts';
import { testDispatch, testRequest } from './dispatch.testing.ts';
import type { InputRequired, Request } from './request.ts';

export type Run = (input: { n: number }, call: Call<undefined>) => Promise<unknown>;

export function over(
  run: Run,
  options: Parameters<typeof testDispatch>[2] = {},
  more: Partial<Toolset<undefined, unknown>> = {},
) {
  const tool: Tool<undefined> = defineTool<undefined>()({
    name: 'it',
    title: 'It',
    description: 'Does what the test says.',
    scope: 'it:use',
    annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
    input: z.object({ n: z.int().default(0) }),
    run: async (input, call) => ({ content: [{ type: 'text', text: String(await run(input, call)) }] }),
  });
  const toolset: Toolset<undefined, unknown> = {
    name: 'test',
    config: z.unknown(),
    instructions: '',
    migrations: [],
    tools: [tool],
    resources: [],
    needs: { asks: true },
    open: () => undefined,
    ...more,
  };
  const test = testDispatch(toolset, undefined, options);
  const call = (request: Partial<Request> = {}, given: object = {}) =>
    test.dispatch.callTool('it', given, testRequest(request));
  const ask = async (request: Partial<Request> = {}, given: object = {}): Promise<InputRequired> => {
    const answer = await call(request, given);
    if (!('inputRequired' in answer)) throw new Error(`not a question: ${JSON.stringify(answer)}`);
    return answer.inputRequired;
  };
  return { ...test, call, ask };
}

/** The answer of a tool that said so. */
export const said = (text: string, isError?: true) => ({
  content: [{ type: 'text', text }],
  ...(isError && { isError }),
});
