/**
 * What a server says of itself by `server/discover`: revisions, capabilities, instructions. Only what it does is said:
 * a server that publishes nothing announces no changes, so that nobody waits for any.
 */
import { MODERN } from '../request.ts';
import type { Table } from '../table.ts';
import type { Extension } from './methods.ts';

export function discovered(table: Table, extensions: readonly Extension[]): object {
  return {
    supportedVersions: [MODERN],
    capabilities: capabilities(table, extensions),
    ...(table.instructions === '' ? {} : { instructions: table.instructions }),
  };
}

function capabilities({ prompts, hasResources, completes, needs }: Table, extensions: readonly Extension[]) {
  const { publishes, logging } = needs;
  return {
    tools: { listChanged: publishes.has('tools') },
    ...(prompts.size > 0 && { prompts: { listChanged: publishes.has('prompts') } }),
    ...(hasResources && {
      resources: { listChanged: publishes.has('resources'), subscribe: publishes.has('resource') },
    }),
    ...(completes && { completions: {} }),
    ...(logging && { logging: {} }),
    ...(extensions.length > 0 && {
      extensions: Object.fromEntries(extensions.map(({ id, settings }) => [id, settings])),
    }),
  };
}
