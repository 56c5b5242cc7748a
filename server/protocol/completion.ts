/**
 * Completion of the arguments of prompts and the variables of resource templates. What a toolset does not complete
 * gets no values, which the protocol allows; a reference that names nothing is an error. Must not know a transport.
 */
import { INVALID_PARAMS, RpcError } from './rpc-error.ts';
import type { Table } from './table.ts';

export interface CompletionRequest {
  readonly ref:
    | { readonly type: 'ref/resource'; readonly uri: string }
    | { readonly type: 'ref/prompt'; readonly name: string };
  readonly argument: { readonly name: string; readonly value: string };
}

export interface Values {
  readonly values: readonly string[];
  readonly hasMore: boolean;
}

/** The protocol's bound on one answer. */
const MAX_VALUES = 100;
const MAX_PREFIX = 256;
const NONE: Values = { values: [], hasMore: false };

/** Throws RpcError where the reference names nothing that this server offers. */
export async function complete(table: Table, { ref, argument: { name, value } }: CompletionRequest): Promise<Values> {
  if (value.length > MAX_PREFIX) return NONE;
  const found = await (ref.type === 'ref/prompt'
    ? completeArgument(table, ref.name, name, value)
    : completeVariable(table, ref.uri, name, value));
  if (!found) return NONE;
  return { values: found.slice(0, MAX_VALUES), hasMore: found.length > MAX_VALUES };
}

async function completeArgument({ prompts }: Table, prompt: string, name: string, value: string) {
  const entry = prompts.get(prompt);
  if (!entry) throw new RpcError(INVALID_PARAMS, 'There is no such prompt. prompts/list names those that there are.');
  const known = entry.prompt.arguments;
  return Object.hasOwn(known, name) ? known[name]?.complete?.(value, entry.deps) : undefined;
}

async function completeVariable({ resources, templates }: Table, uri: string, name: string, value: string) {
  const entry = templates.find(({ resource }) => resource.uri === uri);
  if (entry) return entry.template.variables.includes(name) ? entry.resource.complete?.(name, value, entry.deps) : [];
  if (resources.has(uri)) return [];
  throw new RpcError(INVALID_PARAMS, 'There is no such resource template. resources/templates/list names them.');
}
