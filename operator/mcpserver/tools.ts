/**
 * Tools as they stand in a status: a name and a hash that changes when a client would see another tool. The list comes
 * from outside, so what is no tool is left out.
 */
import { hash } from 'node:crypto';
import { MAX_STATUS_TOOLS } from '#crds/mcpserver-status.ts';
import { isObject } from '#models/json.ts';
import { printable } from '#operator/workload/printable.ts';
import type { Tool } from './finding.ts';

const MAX_NAME = 128;

/** Sorted by name, each name once. */
export function describedTools(listed: readonly unknown[]): readonly Tool[] {
  const tools = new Map<string, Tool>();
  for (const tool of listed.slice(0, MAX_STATUS_TOOLS)) {
    if (!isObject(tool) || typeof tool['name'] !== 'string') continue;
    const name = printable(tool['name'], MAX_NAME);
    if (name !== '' && !tools.has(name)) tools.set(name, { name, hash: hashOf(tool) });
  }
  return [...tools.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Over what a model reads of the tool, whatever the order of the keys. */
function hashOf({ description, inputSchema, outputSchema }: Readonly<Record<string, unknown>>): string {
  const text = JSON.stringify({ description, inputSchema, outputSchema }, (_key, value: unknown) =>
    isObject(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value,
  );
  return `sha256:${hash('sha256', text, 'hex')}`;
}
