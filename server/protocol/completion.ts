/**
 * Completion of the variables of resource templates. What a toolset does not complete gets no values, which the
 * protocol allows; a reference that names nothing is an error. Must not know the SDK.
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

/** Throws RpcError where the reference names nothing that this server offers. */
export async function callComplete(table: Table, { ref, argument }: CompletionRequest): Promise<Values> {
  if (ref.type === 'ref/prompt') throw new RpcError(INVALID_PARAMS, 'This server offers no prompts.');
  const entry = table.templates.find(({ resource }) => resource.uri === ref.uri);
  if (!entry) {
    if (table.resources.has(ref.uri)) return { values: [], hasMore: false };
    throw new RpcError(INVALID_PARAMS, 'There is no such resource template. resources/templates/list names them.');
  }
  if (!entry.template.variables.includes(argument.name) || argument.value.length > MAX_PREFIX)
    return { values: [], hasMore: false };
  const found = (await entry.resource.complete?.(argument.name, argument.value, entry.deps)) ?? [];
  return { values: found.slice(0, MAX_VALUES), hasMore: found.length > MAX_VALUES };
}
