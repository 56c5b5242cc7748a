/**
 * The toolset `everything`: one of each thing that the protocol knows, under the names that the official conformance
 * suite looks for. Serves no other purpose, and is written as any toolset is.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Toolset } from '../toolset.ts';
import { everythingConfig } from './config.ts';
import type { EverythingDeps } from './define.ts';
import { prompts } from './prompts.ts';
import { resources } from './resources.ts';
import { skills } from './skills.ts';
import { changeTools } from './tools/changes.ts';
import { contentTools } from './tools/contents.ts';
import { questionTools } from './tools/questions.ts';
import { roundTools } from './tools/rounds.ts';
import { schemaTools } from './tools/schemas.ts';
import { streamTools } from './tools/streams.ts';
import { taskTools } from './tools/tasks.ts';

export const everything: Toolset<EverythingDeps, Record<string, never>> = {
  name: 'everything',
  config: everythingConfig,
  instructions: 'Fixtures for testing clients and this server itself; each tool says what it shows.',
  migrations: [],
  tools: [
    ...contentTools,
    ...streamTools,
    ...questionTools,
    ...roundTools,
    ...changeTools,
    ...schemaTools,
    ...taskTools,
  ],
  resources,
  prompts,
  skills,
  needs: { asks: true, logging: true, publishes: ['tools', 'prompts', 'resource'] },
  open: () => ({ wait: (ms, signal) => sleep(ms, undefined, { signal }) }),
};
