/**
 * One tool call: arguments checked, the tool run under its deadline, its output checked and shown twice, as structured
 * content and as the same JSON in text. Failures of the tool are answers, not errors. Must not know the SDK.
 */
import type { Logger } from 'pino';
import type { Outcome } from '../telemetry/metrics.ts';
import { checkArguments } from './arguments.ts';
import { withDeadline } from './deadline.ts';
import type { DispatchOptions, MakeCall } from './dispatch.ts';
import { outcomeOf } from './failure.ts';
import { INVALID_PARAMS, RpcError } from './rpc-error.ts';
import type { ToolEntry } from './table.ts';

export interface ToolAnswer {
  content: { type: 'text'; text: string }[];
  structuredContent?: Record<string, unknown>;
  isError?: true;
}

export interface ToolCall {
  readonly name: string;
  readonly given: unknown;
  readonly makeCall: MakeCall;
  readonly log: Logger;
  readonly id: string;
  readonly signal: AbortSignal;
  readonly options: Pick<DispatchOptions, 'table' | 'callTimeoutMs' | 'strictOutput'>;
}

const failed = (text: string): ToolAnswer => ({ content: [{ type: 'text', text }], isError: true });

/** Throws RpcError where there is no such tool. */
export async function callTool(call: ToolCall): Promise<{ value: ToolAnswer; outcome: Outcome }> {
  const { name, given, makeCall, log, id, signal, options } = call;
  const entry = options.table.tools.get(name);
  if (!entry) {
    const quoted = JSON.stringify(name.slice(0, 128));
    throw new RpcError(INVALID_PARAMS, `There is no tool ${quoted}. tools/list names those that there are.`);
  }
  const checked = checkArguments(name, entry.input, given ?? {});
  if (!checked.ok) return { value: failed(checked.message), outcome: 'invalid_arguments' };
  const timeoutMs = options.callTimeoutMs;
  try {
    const output = await withDeadline(
      (deadline) => entry.tool.run(checked.input as never, makeCall(entry.deps, deadline)),
      { signal, timeoutMs },
    );
    const structuredContent = checkedOutput(entry, output, options.strictOutput, log);
    return {
      value: { content: [{ type: 'text', text: JSON.stringify(structuredContent) }], structuredContent },
      outcome: 'ok',
    };
  } catch (error) {
    const { outcome, error: told } = outcomeOf(error, { id, log, method: 'tools/call', timeoutMs });
    return { value: failed(told.message), outcome };
  }
}

/** Fills the schema's defaults in. Throws where the output does not fit and `strict` is set. */
function checkedOutput(entry: ToolEntry, output: unknown, strict: boolean, log: Logger): Record<string, unknown> {
  const result = entry.tool.output.safeParse(output);
  if (result.success) return result.data;
  const problem = new Error(`the output of ${entry.tool.name} does not fit its schema`, { cause: result.error });
  if (strict) throw problem;
  log.error({ error: problem }, 'sending an output that does not fit the schema');
  return output as Record<string, unknown>;
}
