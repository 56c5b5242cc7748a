/**
 * One tool call: rights and arguments checked, the tool run, and its output checked and shown twice, as structured
 * content and as the same JSON in text. Failures of the tool are answers, not errors. Must not know a transport.
 */
import type { ContentBlock, ToolContent } from '../toolsets/content.ts';
import { checkArguments } from './arguments.ts';
import type { Failure } from './failure.ts';
import { type Answered, MODERN } from './request.ts';
import { MISSING_CAPABILITY, RpcError, ScopeRequired } from './rpc-error.ts';
import type { Run } from './run.ts';
import type { ToolEntry } from './table.ts';

/** The extension with which clients follow tasks. */
export const TASKS = 'io.modelcontextprotocol/tasks';

export interface ToolAnswer {
  readonly content: readonly ContentBlock[];
  /** With it `content` is one text block, which holds the same as JSON. */
  readonly structuredContent?: Readonly<Record<string, unknown>>;
  readonly isError?: true;
}

/** The members of an answer as JSON text, without braces. What is structured is written out once. */
export function toolAnswerMembers({ content, structuredContent, isError }: ToolAnswer): string {
  const [first] = content;
  if (structuredContent && first?.type === 'text')
    return `"content":[{"type":"text","text":${JSON.stringify(first.text)}}],"structuredContent":${first.text}`;
  return `"content":${JSON.stringify(content)}${isError ? ',"isError":true' : ''}`;
}

const failed = (text: string): ToolAnswer => ({ content: [{ type: 'text', text }], isError: true });

/** Rejects with ScopeRequired, or RpcError where the client cannot do what the tool needs. */
export function callTool(
  { tool, input, deps }: ToolEntry,
  given: unknown,
  run: Run,
  strictOutput: boolean,
): Promise<Answered<ToolAnswer>> {
  const { scopes } = run.request.caller;
  if (scopes && !scopes.has(tool.scope)) return Promise.reject(run.failure(new ScopeRequired([tool.scope])).error);
  if (tool.task === 'required' && !run.request.task) return refuseWithoutTask(run);
  const checked = checkArguments(tool.name, input, given ?? {});
  if (!checked.ok) {
    run.close('invalid_arguments');
    return Promise.resolve(failed(checked.message));
  }
  return run.start({
    deps,
    given: given ?? {},
    work: (call) =>
      tool.task !== undefined && tool.taskFrom === undefined && run.request.task
        ? run.detach().then(() => tool.run(checked.input as never, call))
        : tool.run(checked.input as never, call),
    finish: (output) =>
      tool.output ? structured(tool.output, output, run, strictOutput) : blocks(output as unknown as ToolContent),
    failed: (failure) => answerOf(failure, run.request.task?.begun === true),
  });
}

/**
 * A caller that lacks rights, and a client that cannot be asked, are told by the protocol; all else is for the model.
 * Of a task the protocol also tells what was no answer of the tool at all.
 */
function answerOf({ error, outcome }: Failure, isTask: boolean): ToolAnswer | undefined {
  const isProtocol = error instanceof ScopeRequired || error.code === MISSING_CAPABILITY;
  const isBroken = outcome === 'internal_error' || outcome === 'timeout' || outcome === 'cancelled';
  return isProtocol || (isTask && isBroken) ? undefined : failed(error.message);
}

function refuseWithoutTask(run: Run): Promise<ToolAnswer> {
  if (run.request.revision === MODERN) {
    const message = `This tool runs as a task only. Declare the extension ${TASKS} to use it.`;
    const data = { requiredCapabilities: { extensions: { [TASKS]: {} } } };
    return Promise.reject(run.failure(new RpcError(MISSING_CAPABILITY, message, data, 400)).error);
  }
  run.close('tool_error');
  return Promise.resolve(failed(`This tool runs as a task only, which needs a client of revision ${MODERN}.`));
}

/** Fills the schema's defaults in. Throws where the output does not fit and `strict` is set. */
function structured(
  schema: NonNullable<ToolEntry['tool']['output']>,
  output: unknown,
  run: Run,
  strict: boolean,
): ToolAnswer {
  const result = schema.safeParse(output);
  if (!result.success) {
    const problem = new Error('the output does not fit the schema of the tool', { cause: result.error });
    if (strict) throw problem;
    run.log.error({ error: problem }, 'sending an output that does not fit the schema');
  }
  const structuredContent = result.success ? result.data : (output as Record<string, unknown>);
  return { content: [{ type: 'text', text: JSON.stringify(structuredContent) }], structuredContent };
}

const blocks = ({ content, isError }: ToolContent): ToolAnswer => (isError ? { content, isError } : { content });
