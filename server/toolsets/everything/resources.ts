/** Resources of each kind: text, bytes, one that is watched, and a template. */
import { defineResource } from '../toolset.ts';
import { PNG } from './content.ts';
import { type EverythingDeps, SCOPE } from './define.ts';
import { WATCHED } from './tools/changes.ts';

const resource = defineResource<EverythingDeps>();
const cache = { ttlMs: 60_000, scope: 'public' } as const;
const IDS = ['123', 'alpha', 'beta'];

export const resources = [
  resource({
    uri: 'test://static-text',
    name: 'static-text',
    title: 'Static text',
    description: 'A text that never changes.',
    mimeType: 'text/plain',
    scope: SCOPE,
    cache,
    read: async () => 'This is the content of the static text resource.',
  }),
  resource({
    uri: 'test://static-binary',
    name: 'static-binary',
    title: 'Static bytes',
    description: 'A picture of one point.',
    mimeType: 'image/png',
    scope: SCOPE,
    cache,
    read: async () => Buffer.from(PNG, 'base64'),
  }),
  resource({
    uri: WATCHED,
    name: 'watched-resource',
    title: 'Watched resource',
    description: 'A text whose changes are told; test_trigger_resource_change tells one.',
    mimeType: 'text/plain',
    scope: SCOPE,
    read: async () => 'Watched resource content',
  }),
  resource({
    uri: 'test://template/{id}/data',
    name: 'template-data',
    title: 'Data by id',
    description: 'JSON with the id of its URI.',
    mimeType: 'application/json',
    scope: SCOPE,
    read: async ({ id }) => JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }),
    complete: async (_variable, prefix) => IDS.filter((id) => id.startsWith(prefix)),
  }),
];
