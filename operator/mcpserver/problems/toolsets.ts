/**
 * Toolsets that do not exist, settings that a toolset does not take, and routes that they ask for in vain. Settings are
 * judged by the schema that the server itself uses.
 */
import type { McpServerSpec } from '#crds/mcpserver-status.ts';
import { printable } from '#operator/workload/printable.ts';
import type { Problem } from '#operator/workload/problem.ts';
import { TOOLSET_NAMES, type ToolsetName, toolsetConfigs } from '#server/config.ts';

const MAX_ISSUES = 3;

export function toolsetProblems({ toolsets, inference }: McpServerSpec): readonly Problem[] {
  const routes = (inference?.routes ?? []).map(({ name }) => name);
  return toolsets.flatMap((toolset) => problemsOf(toolset, routes));
}

function problemsOf(
  { name, config = {} }: McpServerSpec['toolsets'][number],
  routes: readonly string[],
): readonly Problem[] {
  const at = `spec.toolsets[${name}]`;
  if (!isToolset(name)) {
    return [unsupported(`${at} does not exist; there are ${TOOLSET_NAMES.join(', ')}.`)];
  }
  const parsed = toolsetConfigs[name].safeParse(config);
  if (!parsed.success) {
    return parsed.error.issues
      .slice(0, MAX_ISSUES)
      .map(({ path, message }) => unsupported(`${[`${at}.config`, ...path.map(String)].join('.')}: ${message}.`));
  }
  const { route } = parsed.data as { readonly route?: string | undefined };
  if (route === undefined || routes.includes(route)) return [];
  const cure = routes.length === 0 ? 'add it to spec.inference.routes' : `there are ${routes.join(', ')}`;
  return [{ reason: 'InvalidReference', message: `${at}.config.route: no route ${route}; ${cure}.`, blocking: true }];
}

const isToolset = (name: string): name is ToolsetName => Object.hasOwn(toolsetConfigs, name);

const unsupported = (message: string): Problem => ({
  reason: 'UnsupportedCombination',
  message: printable(message),
  blocking: true,
});
