/**
 * What a server announces that it can do, in the words that all revisions share. Only what it does is said: a server
 * that publishes nothing announces no changes, so that nobody waits for any. Must not know a revision.
 */
import type { Table } from './table.ts';

export function capabilitiesOf({ prompts, hasResources, completes, needs }: Table): object {
  const { publishes, logging } = needs;
  return {
    tools: { listChanged: publishes.has('tools') },
    ...(prompts.size > 0 && { prompts: { listChanged: publishes.has('prompts') } }),
    ...(hasResources && {
      resources: { listChanged: publishes.has('resources'), subscribe: publishes.has('resource') },
    }),
    ...(completes && { completions: {} }),
    ...(logging && { logging: {} }),
  };
}
