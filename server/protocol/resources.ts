/**
 * Resources from the table: lists in pages, templates, and reading one by its URI, where a fixed URI wins over a
 * template and templates are tried in their declared order. Must not know the SDK.
 */
import type { Call } from '../toolsets/toolset.ts';
import { ordered, type Page, page } from './page.ts';
import { INVALID_PARAMS, RpcError } from './rpc-error.ts';
import type { ResourceEntry, Table } from './table.ts';

export interface ListedResource {
  uri: string;
  name: string;
  title?: string;
  description?: string;
  mimeType: string;
}

export interface ListedTemplate {
  uriTemplate: string;
  name: string;
  title: string;
  description: string;
  mimeType: string;
}

type CallFor = (deps: unknown) => Call<unknown>;

/** Fixed resources and those that templates list, ordered by URI. */
export async function listResources(
  table: Table,
  cursor: string | undefined,
  callFor: CallFor,
): Promise<Page<ListedResource>> {
  const listed = new Map<string, ListedResource>();
  for (const { resource, deps } of table.templates)
    for (const { uri, name } of (await resource.list?.(callFor(deps))) ?? [])
      listed.set(uri, { uri, name, mimeType: resource.mimeType });
  for (const { resource } of table.resources.values())
    listed.set(resource.uri, { uri: resource.uri, ...described(resource) });
  return page(ordered([...listed.values()], byUri), byUri, cursor);
}

export async function listTemplates(table: Table, cursor: string | undefined): Promise<Page<ListedTemplate>> {
  const listed = table.templates.map(({ resource }) => ({ uriTemplate: resource.uri, ...described(resource) }));
  const key = (template: ListedTemplate): string => template.uriTemplate;
  return page(ordered(listed, key), key, cursor);
}

/** Throws RpcError, with the URI as data, where there is no such resource. */
export async function readResource(
  table: Table,
  uri: string,
  callFor: CallFor,
): Promise<{ uri: string; mimeType: string; text: string }> {
  const found = find(table, uri);
  const text = found && (await found.entry.resource.read(found.variables, callFor(found.entry.deps)));
  if (found === undefined || text === undefined) {
    const told = uri.slice(0, 512);
    throw new RpcError(INVALID_PARAMS, `There is no resource ${told}. resources/list names those that there are.`, {
      uri: told,
    });
  }
  return { uri, mimeType: found.entry.resource.mimeType, text };
}

function find(table: Table, uri: string): { entry: ResourceEntry; variables: Record<string, string> } | undefined {
  const fixed = table.resources.get(uri);
  if (fixed) return { entry: fixed, variables: {} };
  for (const entry of table.templates) {
    const variables = entry.template.match(uri);
    if (variables) return { entry, variables };
  }
  return undefined;
}

const byUri = (resource: ListedResource): string => resource.uri;

const described = ({ name, title, description, mimeType }: ResourceEntry['resource']) => ({
  name,
  title,
  description,
  mimeType,
});
