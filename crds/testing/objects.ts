/**
 * Smallest valid objects of both kinds, with some fields set: what the rows of the
 * rules are made of.
 */
import { API_VERSION } from '../group.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** A whole object as a person would apply it. */
export interface Row {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: 'McpServer' | 'ModelBackend';
  readonly metadata: { readonly name: string };
  readonly spec: Fields;
}

const object = (kind: Row['kind'], spec: Fields, name: string): Row => ({
  apiVersion: API_VERSION,
  kind,
  metadata: { name },
  spec,
});

const TOOLSETS = [{ name: 'tasks' }];
const MODELS = [{ name: 'tiny' }];
export const POSTGRES = { type: 'Postgres', postgres: { urlSecretRef: { name: 'db', key: 'url' } } };
export const TOKEN = { name: 'token', key: 'token' };
const BUILTIN = { builtin: { path: '/models/tiny.gguf' } };

/** A smallest McpServer with these fields of the spec set. */
export const server = (fields: Fields = {}, name = 'row'): Row =>
  object('McpServer', { toolsets: TOOLSETS, ...fields }, name);

/** A smallest ModelBackend of type External with these fields of the spec set. */
export const backend = (fields: Fields = {}, name = 'row'): Row =>
  object('ModelBackend', { type: 'External', models: MODELS, external: { url: 'https://api.test' }, ...fields }, name);

/** A smallest managed ModelBackend with these fields of spec.managed set. */
export const managed = (fields: Fields = {}, models: readonly Fields[] = MODELS): Row =>
  object(
    'ModelBackend',
    { type: 'Managed', models, managed: { engine: 'LlamaCpp', image: 'engine:1', source: BUILTIN, ...fields } },
    'row',
  );

export const external = (fields: Fields) => backend({ external: { url: 'https://api.test', ...fields } });

export const custom = (fields: Fields, models?: readonly Fields[]) =>
  managed({ engine: 'Custom', port: 8000, source: undefined, ...fields }, models);

export const exposed = (fields: Fields) =>
  server({ exposure: { type: 'Ingress', host: 'mcp.example.com', ...fields } });
