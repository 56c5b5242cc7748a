/**
 * The table of everything a server offers, compiled once at start from its toolsets: list entries with their JSON
 * Schemas, strict input schemas, matched URI templates. Names are unique over all toolsets. Must not know the SDK.
 */
import { z } from 'zod';
import type { Resource, Tool, ToolAnnotations, Toolset } from '../toolsets/toolset.ts';
import { ordered } from './page.ts';
import { isTemplate, type UriTemplate, uriTemplate } from './uri-template.ts';

/** A toolset with what its `open` gave. */
export interface OpenToolset {
  readonly toolset: Toolset<unknown, unknown>;
  readonly deps: unknown;
}

export type JsonSchema = { type: 'object'; [keyword: string]: unknown };

/** A tool as `tools/list` shows it. */
export interface ListedTool {
  name: string;
  title: string;
  description: string;
  inputSchema: JsonSchema;
  outputSchema: JsonSchema;
  annotations: ToolAnnotations;
}

export interface ToolEntry {
  readonly tool: Tool<unknown>;
  readonly deps: unknown;
  /** The tool's input with unknown keys refused. */
  readonly input: z.ZodObject;
  readonly listed: ListedTool;
}

export interface ResourceEntry {
  readonly resource: Resource<unknown>;
  readonly deps: unknown;
}

export interface TemplateEntry extends ResourceEntry {
  readonly template: UriTemplate;
}

export interface Table {
  readonly instructions: string;
  readonly tools: ReadonlyMap<string, ToolEntry>;
  readonly listedTools: readonly ListedTool[];
  readonly resources: ReadonlyMap<string, ResourceEntry>;
  readonly templates: readonly TemplateEntry[];
}

/** Throws an Error that names what is wrong: a name given twice or misspelt, a schema that JSON Schema cannot express. */
export function compileTable(toolsets: readonly OpenToolset[]): Table {
  const tools = new Map<string, ToolEntry>();
  const resources = new Map<string, ResourceEntry>();
  const templates = new Map<string, TemplateEntry>();
  const owners = new Map<string, string>();
  const claim = (kind: string, name: string, toolset: string): void => {
    const owner = owners.get(`${kind} ${name}`);
    if (owner !== undefined)
      throw new Error(`${kind} ${name} is offered by toolset ${owner} and by toolset ${toolset}`);
    owners.set(`${kind} ${name}`, toolset);
  };
  for (const { toolset, deps } of toolsets) {
    for (const tool of toolset.tools) {
      claim('tool', tool.name, toolset.name);
      tools.set(tool.name, toolEntry(tool, deps, toolset.name));
    }
    for (const resource of toolset.resources) {
      claim('resource', resource.uri, toolset.name);
      if (isTemplate(resource.uri))
        templates.set(resource.uri, { resource, deps, template: uriTemplate(resource.uri) });
      else resources.set(resource.uri, { resource, deps });
    }
  }
  return {
    instructions: toolsets.map(({ toolset }) => toolset.instructions.trim()).join('\n\n'),
    tools,
    listedTools: ordered(
      [...tools.values()].map((entry) => entry.listed),
      (tool) => tool.name,
    ),
    resources,
    templates: [...templates.values()],
  };
}

function toolEntry(tool: Tool<unknown>, deps: unknown, toolset: string): ToolEntry {
  // The form that the specification recommends and clients accept.
  if (!/^[A-Za-z0-9_.-]{1,128}$/.test(tool.name))
    throw new Error(
      `tool ${JSON.stringify(tool.name)} of toolset ${toolset}: a name has 1 to 128 of A-Z a-z 0-9 _ . -`,
    );
  const input = tool.input.strict();
  return {
    tool,
    deps,
    input,
    listed: {
      name: tool.name,
      title: tool.title,
      description: tool.description,
      inputSchema: jsonSchema(input, 'input', tool.name),
      outputSchema: jsonSchema(tool.output, 'output', tool.name),
      annotations: tool.annotations,
    },
  };
}

function jsonSchema(schema: z.ZodObject, io: 'input' | 'output', tool: string): JsonSchema {
  try {
    const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { target: 'draft-2020-12', io });
    // Without $schema: the protocol's default dialect is meant, and older clients know no other by name.
    return { ...rest, type: 'object' };
  } catch (error) {
    throw new Error(`tool ${tool}: its ${io} schema has no JSON Schema`, { cause: error });
  }
}
