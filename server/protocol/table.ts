/**
 * The table of everything a server offers, compiled once at start from its toolsets: list entries with their JSON
 * Schemas, strict input schemas, matched URI templates. Names are unique over all toolsets. Must not know a transport.
 */
import { z } from 'zod';
import type { Caller } from '../toolsets/call.ts';
import type { Prompt, Resource, Tool, ToolAnnotations, Toolset } from '../toolsets/toolset.ts';
import { type MirroredArgument, mirroredArguments } from './mirrored-arguments.ts';
import type { ResourceSource } from './resources.ts';
import { fits, type RoleMasks, roleMasks } from './roles.ts';
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
  outputSchema?: JsonSchema;
  annotations: ToolAnnotations;
  _meta?: Readonly<Record<string, unknown>>;
}

export interface ToolEntry {
  readonly tool: Tool<unknown>;
  readonly deps: unknown;
  /** Of those who have the tool; 0 is everybody. */
  readonly roleMask: number;
  /** The tool's input with unknown keys refused. */
  readonly input: z.ZodObject;
  readonly listed: ListedTool;
  /** Arguments that a request over HTTP must carry in headers too. */
  readonly mirrored: readonly MirroredArgument[];
}

export interface ResourceEntry {
  readonly resource: Resource<unknown>;
  readonly deps: unknown;
}

export interface TemplateEntry extends ResourceEntry {
  readonly template: UriTemplate;
}

export interface PromptEntry {
  readonly prompt: Prompt<unknown>;
  readonly deps: unknown;
}

/** What the toolsets do beside answering. */
export interface Needs {
  readonly asks: boolean;
  readonly logging: boolean;
  readonly publishes: ReadonlySet<'tools' | 'prompts' | 'resources' | 'resource'>;
}

export interface Table {
  readonly instructions: string;
  /** Of all callers; for one of them ask `tool`. */
  readonly tools: ReadonlyMap<string, ToolEntry>;
  /** Some tools are not everybody's, so that lists differ. */
  readonly hasRoles: boolean;
  readonly roleMaskOf: (caller: Caller) => number;
  /** Undefined for a name that is none, and for a tool that this caller does not have. */
  readonly tool: (name: string, caller: Caller) => ToolEntry | undefined;
  readonly prompts: ReadonlyMap<string, PromptEntry>;
  /** With fixed URIs. */
  readonly resources: ReadonlyMap<string, ResourceEntry>;
  readonly templates: readonly TemplateEntry[];
  readonly sources: readonly ResourceSource[];
  /** There is something to list or to read, or may be later. */
  readonly hasResources: boolean;
  /** Some argument or variable can be completed. */
  readonly completes: boolean;
  readonly needs: Needs;
}

/** Throws an Error that names what is wrong: a name given twice or misspelt, a schema that JSON Schema cannot express. */
export function compileTable(toolsets: readonly OpenToolset[], sources: readonly ResourceSource[] = []): Table {
  const tools = new Map<string, ToolEntry>();
  const prompts = new Map<string, PromptEntry>();
  const resources = new Map<string, ResourceEntry>();
  const templates = new Map<string, TemplateEntry>();
  const owners = new Map<string, string>();
  const claim = (kind: string, name: string, toolset: string): void => {
    const owner = owners.get(`${kind} ${name}`);
    if (owner !== undefined)
      throw new Error(`${kind} ${name} is offered by toolset ${owner} and by toolset ${toolset}`);
    owners.set(`${kind} ${name}`, toolset);
  };
  const masks = roleMasks(toolsets.flatMap(({ toolset }) => toolset.tools.map(({ roles }) => roles)));
  for (const { toolset, deps } of toolsets) {
    for (const tool of toolset.tools) {
      claim('tool', tool.name, toolset.name);
      tools.set(tool.name, toolEntry(tool, deps, toolset.name, masks));
    }
    for (const prompt of toolset.prompts ?? []) {
      claim('prompt', prompt.name, toolset.name);
      prompts.set(named('prompt', prompt.name, toolset.name), { prompt, deps });
    }
    for (const resource of toolset.resources) {
      claim('resource', resource.uri, toolset.name);
      if (isTemplate(resource.uri))
        templates.set(resource.uri, { resource, deps, template: uriTemplate(resource.uri) });
      else resources.set(resource.uri, { resource, deps });
    }
  }
  const hasRoles = [...tools.values()].some(({ roleMask }) => roleMask !== 0);
  const needs = toolsets.map(({ toolset }) => toolset.needs ?? {});
  return {
    instructions: toolsets.map(({ toolset }) => toolset.instructions.trim()).join('\n\n'),
    tools,
    hasRoles,
    roleMaskOf: (caller) => masks.ofCaller(caller),
    tool: hasRoles
      ? (name, caller) => {
          const entry = tools.get(name);
          return entry && fits(entry.roleMask, masks.ofCaller(caller)) ? entry : undefined;
        }
      : (name) => tools.get(name),
    prompts,
    resources,
    templates: [...templates.values()],
    sources,
    hasResources: resources.size + templates.size + sources.length > 0,
    completes:
      [...templates.values()].some(({ resource }) => resource.complete !== undefined) ||
      [...prompts.values()].some(({ prompt }) =>
        Object.values(prompt.arguments).some((argument) => argument.complete !== undefined),
      ),
    needs: {
      asks: needs.some(({ asks }) => asks),
      logging: needs.some(({ logging }) => logging),
      publishes: new Set(needs.flatMap(({ publishes = [] }) => publishes)),
    },
  };
}

function toolEntry(tool: Tool<unknown>, deps: unknown, toolset: string, masks: RoleMasks): ToolEntry {
  const { name, title, description, annotations, meta } = tool;
  // A strict copy loses what the author wrote beside the schema.
  const input = tool.input.strict().meta(tool.input.meta() ?? {});
  const inputSchema = jsonSchema(input, 'input', name);
  return {
    tool,
    deps,
    roleMask: masks.ofTool(tool.roles),
    input,
    mirrored: mirroredArguments(name, inputSchema),
    listed: {
      name: named('tool', name, toolset),
      title,
      description,
      inputSchema,
      ...(tool.output && { outputSchema: jsonSchema(tool.output, 'output', name) }),
      annotations,
      ...(meta && { _meta: meta }),
    },
  };
}

/** Throws where a name has not the form that the specification recommends and clients accept. */
function named(kind: string, name: string, toolset: string): string {
  if (/^[A-Za-z0-9_.-]{1,128}$/.test(name)) return name;
  throw new Error(`${kind} ${JSON.stringify(name)} of toolset ${toolset}: a name has 1 to 128 of A-Z a-z 0-9 _ . -`);
}

function jsonSchema(schema: z.ZodObject, io: 'input' | 'output', tool: string): JsonSchema {
  try {
    const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { target: 'draft-2020-12', io });
    // Without $schema: the protocol's default dialect is meant, and older clients know no other by name.
    const { $schema: wanted } = schema.meta() ?? {};
    return { ...(wanted === undefined ? {} : { $schema: wanted }), ...rest, type: 'object' };
  } catch (error) {
    throw new Error(`tool ${tool}: its ${io} schema has no JSON Schema`, { cause: error });
  }
}
