/**
 * Prompts from the table, as lists show them and as they are got: arguments checked by name, the prompt run. Must not
 * know a transport.
 */
import type { PromptMessage } from '../toolsets/content.ts';
import type { Prompt, PromptArgument } from '../toolsets/toolset.ts';
import type { Answered } from './request.ts';
import { INVALID_PARAMS, RpcError, ScopeRequired } from './rpc-error.ts';
import type { Run } from './run.ts';
import type { PromptEntry } from './table.ts';

export interface ListedPrompt {
  name: string;
  title: string;
  description: string;
  arguments: { name: string; description: string; required: boolean }[];
}

export interface PromptAnswer {
  readonly description: string;
  readonly messages: readonly PromptMessage[];
}

/** Of one argument, in characters. */
const MAX_VALUE = 100_000;

export const listedPrompt = ({ name, title, description, arguments: named }: Prompt<unknown>): ListedPrompt => ({
  name,
  title,
  description,
  arguments: Object.entries(named).map(([key, argument]) => ({
    name: key,
    description: argument.description,
    required: argument.required ?? false,
  })),
});

/** Rejects with RpcError or ScopeRequired. */
export function getPrompt({ prompt, deps }: PromptEntry, given: unknown, run: Run): Promise<Answered<PromptAnswer>> {
  const { scopes } = run.request.caller;
  if (scopes && prompt.scope !== undefined && !scopes.has(prompt.scope))
    return Promise.reject(run.failure(new ScopeRequired([prompt.scope])).error);
  return run.start({
    deps,
    given: given ?? {},
    work: (call) => prompt.run(checked(prompt.name, prompt.arguments, given ?? {}), call),
    finish: (messages) => ({ description: prompt.description, messages }),
  });
}

/** Throws RpcError with a sentence that names each argument that is missing, unknown or no text. */
function checked(
  prompt: string,
  known: Readonly<Record<string, PromptArgument<unknown>>>,
  given: unknown,
): Record<string, string | undefined> {
  const problems: string[] = [];
  const values = typeof given === 'object' && given !== null ? Object.entries(given) : [];
  for (const [name, value] of values) {
    if (!Object.hasOwn(known, name)) problems.push(`unknown argument ${JSON.stringify(name.slice(0, 64))}`);
    else if (typeof value !== 'string' || value.length > MAX_VALUE)
      problems.push(`${name} must be a text of at most ${MAX_VALUE} characters`);
  }
  for (const [name, { required }] of Object.entries(known))
    if (required && !values.some(([key]) => key === name)) problems.push(`${name} is required`);
  if (problems.length > 0)
    throw new RpcError(INVALID_PARAMS, `The arguments do not fit ${prompt}: ${problems.slice(0, 5).join('; ')}.`);
  return Object.fromEntries(values);
}
