import { expect, test } from 'vitest';
import { z } from 'zod';
import { toolsetPage, toolsetPages } from './reference.ts';
import { toolsets } from './registry.ts';
import { defineTool, type Toolset } from './toolset.ts';

test.each(Object.entries(toolsets))('the page of %s names every tool, argument and resource', async (name, load) => {
  const { tools, resources } = await load();
  const page = (await toolsetPages()).find(({ path }) => path === `docs/toolsets/${name}.md`)?.render() ?? '';
  for (const tool of tools) {
    const section = page.split(`\n### ${tool.name}\n`)[1]?.split('\n### ')[0] ?? '';
    expect(section).toContain(tool.description);
    expect(section).toContain(`Scope: \`${tool.scope}\``);
    for (const argument of Object.keys(tool.input.shape)) expect(section).toContain(`\`${argument}\``);
  }
  for (const { uri } of resources) expect(page).toContain(`| \`${uri}\` |`);
});

test('types, defaults and bounds are said as the schema has them', () => {
  const tool = defineTool<unknown>()({
    name: 'measure',
    title: 'Measure',
    description: 'Measures.',
    scope: 'x:write',
    roles: ['lead', 'admin'],
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true },
    input: z.strictObject({
      unit: z.enum(['m', 'km']).default('m').describe('One | other.'),
      times: z.int().min(1).max(9),
      names: z.array(z.string().max(5)).max(3).nullable().optional(),
    }),
    output: z.object({ parts: z.array(z.object({ size: z.number() })), next: z.object({ id: z.string() }).nullable() }),
    run: () => Promise.reject(new Error('not called')),
  });
  const toolset: Toolset<unknown, unknown> = {
    name: 'x',
    config: z.strictObject({}),
    instructions: 'One.\nTwo.',
    migrations: [],
    tools: [tool],
    resources: [],
    open: () => ({}),
  };
  const lines = toolsetPage(toolset).split('\n');
  expect(lines).toEqual(
    expect.arrayContaining([
      '> Two.',
      'Writes, and may destroy. A second call with the same arguments changes nothing more. Reaches systems outside this server. Scope: `x:write`. Roles: `lead` or `admin`.',
      '| `unit` | `m`, `km` | `"m"` | One \\| other. |',
      '| **`times`** | integer (1–9) |  |  |',
      '| `names` | list (≤ 3) of string (≤ 5 characters) or null |  |  |',
      '| **`parts[].size`** | number |  |',
      '| **`next`** | object or null |  |',
      '| **`next.id`** | string |  |',
    ]),
  );
});
