/**
 * Every toolset that a server can be told to serve. Each is loaded when it is asked for, so that one that a server
 * does not serve costs it nothing.
 */
import type { ToolsetName } from '../config.ts';
import type { Toolset } from './toolset.ts';

export type ToolsetLoader = () => Promise<Toolset<unknown, unknown>>;

export const toolsets = {
  everything: async () => (await import('./everything/toolset.ts')).everything,
  fleet: async () => (await import('./fleet/toolset.ts')).fleet,
  tasks: async () => (await import('./tasks/toolset.ts')).tasks,
} as const satisfies Record<ToolsetName, ToolsetLoader>;
