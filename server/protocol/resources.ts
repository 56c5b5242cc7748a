/**
 * Resources from the table: lists in pages, templates, and reading one by its URI, where a fixed URI wins over a
 * template and templates are tried in their declared order. Must not know a transport.
 */
import type { CacheHint, Call, Resource } from '../toolsets/toolset.ts';
import { ordered, type Page, page } from './page.ts';
import type { Answered } from './request.ts';
import { ResourceNotFound, ScopeRequired } from './rpc-error.ts';
import type { Run } from './run.ts';
import type { ResourceEntry, Table } from './table.ts';

export interface ListedResource {
  uri: string;
  name: string;
  title?: string;
  description?: string;
  mimeType: string;
  _meta?: Readonly<Record<string, unknown>>;
}

export interface ListedTemplate {
  uriTemplate: string;
  name: string;
  title: string;
  description: string;
  mimeType: string;
  _meta?: Readonly<Record<string, unknown>>;
}

export interface ResourceAnswer {
  readonly contents: readonly ResourceContents[];
  /** How long it may be kept; not at all without. */
  readonly cache?: CacheHint | undefined;
}

/** `blob` is base64. */
export type ResourceContents = {
  readonly uri: string;
  readonly mimeType: string;
  readonly _meta?: Readonly<Record<string, unknown>>;
} & ({ readonly text: string } | { readonly blob: string });

/** Resources that come and go while the server runs, all with one beginning. Whoever may call may read them. */
export interface ResourceSource {
  /** With which all its URIs begin, such as `skill://`. */
  readonly scheme: string;
  readonly cache: CacheHint;
  list(): Promise<readonly ListedResource[]>;
  /** Undefined where there is no such resource. */
  read(uri: string): Promise<{ readonly mimeType: string; readonly content: string | Uint8Array } | undefined>;
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
  for (const source of table.sources) for (const resource of await source.list()) listed.set(resource.uri, resource);
  for (const { resource } of table.resources.values())
    listed.set(resource.uri, { uri: resource.uri, ...described(resource) });
  return page(ordered([...listed.values()], byUri), byUri, cursor);
}

export const listedTemplate = (resource: Resource<unknown>): ListedTemplate => ({
  uriTemplate: resource.uri,
  ...described(resource),
});

/** What a URI names, with the values of the template's variables. */
export interface Found {
  readonly entry: ResourceEntry;
  readonly variables: Readonly<Record<string, string>>;
}

export function findResource({ resources, templates }: Table, uri: string): Found | undefined {
  const fixed = resources.get(uri);
  if (fixed) return { entry: fixed, variables: {} };
  for (const entry of templates) {
    const variables = entry.template.match(uri);
    if (variables) return { entry, variables };
  }
  return undefined;
}

/** Throws ScopeRequired: who may not read a resource may not watch it. */
export function checkReadable(table: Table, uris: readonly string[], scopes: ReadonlySet<string>): void {
  const needed = uris.map((uri) => findResource(table, uri)?.entry.resource.scope);
  const lacking = needed.filter((scope) => scope !== undefined && !scopes.has(scope)) as string[];
  if (lacking.length > 0) throw new ScopeRequired([...new Set(lacking)]);
}

/** Rejects with RpcError, with the URI as data where there is no such resource, or ScopeRequired. */
export function readResource(
  uri: string,
  found: Found | undefined,
  sources: readonly ResourceSource[],
  run: Run,
): Promise<Answered<ResourceAnswer>> {
  if (!found) return readSource(uri, sources, run);
  const { resource, deps } = found.entry;
  const { scopes } = run.request.caller;
  if (scopes && resource.scope !== undefined && !scopes.has(resource.scope))
    return Promise.reject(run.failure(new ScopeRequired([resource.scope])).error);
  return run.start({
    deps,
    given: uri,
    work: (call) => resource.read(found.variables, call),
    finish(value): ResourceAnswer {
      if (value === undefined) throw new ResourceNotFound(uri);
      const { mimeType, meta, cache } = resource;
      return { contents: [{ uri, mimeType, ...contentOf(value), ...(meta && { _meta: meta }) }], cache };
    },
  });
}

function readSource(uri: string, sources: readonly ResourceSource[], run: Run): Promise<Answered<ResourceAnswer>> {
  const source = sources.find(({ scheme }) => uri.startsWith(scheme));
  if (!source) return Promise.reject(run.failure(new ResourceNotFound(uri)).error);
  return run.start({
    deps: undefined,
    work: () => source.read(uri),
    finish(value): ResourceAnswer {
      if (!value) throw new ResourceNotFound(uri);
      return { contents: [{ uri, mimeType: value.mimeType, ...contentOf(value.content) }], cache: source.cache };
    },
  });
}

const contentOf = (value: string | Uint8Array): { readonly text: string } | { readonly blob: string } =>
  typeof value === 'string' ? { text: value } : { blob: Buffer.from(value).toString('base64') };

const byUri = (resource: ListedResource): string => resource.uri;

const described = ({ name, title, description, mimeType, meta }: Resource<unknown>) => ({
  name,
  title,
  description,
  mimeType,
  ...(meta && { _meta: meta }),
});
