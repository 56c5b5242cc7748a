/**
 * What a toolset is: tools, resources and prompts as plain data, and how they get
 * what they need. An author of tools needs this file and `content.ts` only. Must not
 * know the protocol that carries the calls.
 */
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { z } from 'zod';
import type { ServerEvent } from '../events/event.ts';
import type { Inference } from '../inference/inference.ts';
import type { Migration } from '../store/migration.ts';
import type { Call } from './call.ts';
import type { PromptMessage, ToolContent } from './content.ts';

export type { Call, Caller, Client } from './call.ts';

/** Hints for clients, with the meanings of MCP's ToolAnnotations. All four are said for every tool. */
export interface ToolAnnotations {
  readonly readOnlyHint: boolean;
  readonly destructiveHint: boolean;
  readonly idempotentHint: boolean;
  readonly openWorldHint: boolean;
}

type Schema = z.ZodObject | undefined;

/** With `output` a tool gives a value of that schema; without it, content blocks. */
export interface Tool<Deps, Input extends z.ZodObject = z.ZodObject, Output extends Schema = Schema> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: Input;
  readonly output?: Output;
  readonly annotations: ToolAnnotations;
  /** Right that a caller needs, for example `tasks:write`. */
  readonly scope: string;
  /**
   * Who has the tool at all: a caller with any one of these roles. For all others there is no such tool. Everybody
   * without it, and where callers have no roles, which is with auth None and KubernetesServiceAccount.
   */
  readonly roles?: readonly string[];
  /** `_meta` of the list entry, for extensions of the protocol. */
  readonly meta?: Readonly<Record<string, unknown>>;
  /**
   * For work that takes longer than a client should wait: a client that can follow tasks gets one in place of the
   * answer. `required` refuses the others, `optional` lets them wait.
   */
  readonly task?: 'optional' | 'required';
  /** The task begins where the tool calls `detach`; what it asks before that is asked before there is a task. */
  readonly taskFrom?: 'detach';
  run(input: z.output<Input>, call: Call<Deps>): Promise<Output extends z.ZodObject ? z.input<Output> : ToolContent>;
}

/** Types `run` by the tool's own schemas. */
export function defineTool<Deps>() {
  return <Input extends z.ZodObject, Output extends Schema = undefined>(tool: Tool<Deps, Input, Output>): Tool<Deps> =>
    tool;
}

/** How long a client may keep what it has read, and whether it may show it to another user. */
export interface CacheHint {
  readonly ttlMs: number;
  readonly scope: 'public' | 'private';
}

export interface ListedByTemplate {
  readonly uri: string;
  readonly name: string;
}

/** A resource with a fixed URI, or, where `uri` has `{variables}`, a template (RFC 6570, level 1). */
export interface Resource<Deps> {
  readonly uri: string;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly mimeType: string;
  /** Right that a caller needs to read it; none without. */
  readonly scope?: string;
  /** Without it nothing may be kept. */
  readonly cache?: CacheHint;
  /** `_meta` of the list entry and of what is read, for extensions of the protocol. */
  readonly meta?: Readonly<Record<string, unknown>>;
  /** Reads it: text, or bytes. Undefined means that there is no such resource. */
  read(variables: Readonly<Record<string, string>>, call: Call<Deps>): Promise<string | Uint8Array | undefined>;
  /** Concrete resources of a template, for lists. */
  list?(call: Call<Deps>): Promise<readonly ListedByTemplate[]>;
  /** Values of a variable that begin with `prefix`; at most 100. */
  complete?(variable: string, prefix: string, deps: Deps): Promise<readonly string[]>;
}

export const defineResource =
  <Deps>() =>
  (resource: Resource<Deps>): Resource<Deps> =>
    resource;

export interface PromptArgument<Deps> {
  readonly description: string;
  readonly required?: boolean;
  /** Values that begin with `prefix`; at most 100. */
  complete?(prefix: string, deps: Deps): Promise<readonly string[]>;
}

type PromptArguments<Deps> = Readonly<Record<string, PromptArgument<Deps>>>;

/** A text that a user picks to begin with. Arguments are strings. */
export interface Prompt<Deps, Arguments extends PromptArguments<Deps> = PromptArguments<Deps>> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly arguments: Arguments;
  /** Right that a caller needs; none without. */
  readonly scope?: string;
  run(
    input: {
      readonly [Name in keyof Arguments]: Arguments[Name] extends { required: true } ? string : string | undefined;
    },
    call: Call<Deps>,
  ): Promise<readonly PromptMessage[]>;
}

/** Types `run` by the prompt's own arguments. */
export function definePrompt<Deps>() {
  return <const Arguments extends PromptArguments<Deps>>(prompt: Prompt<Deps, Arguments>): Prompt<Deps> => prompt;
}

/** Instructions for a model, as the Agent Skills specification has them, that come with a toolset. */
export interface OfferedSkill {
  /** Below `skill://`; its last segment is the skill's name. */
  readonly path: string;
  /** Texts by their path in the skill; `SKILL.md` is one of them. */
  readonly files: Readonly<Record<string, string>>;
}

/** What a running server gives to each toolset. */
export interface ToolsetContext<Config> {
  readonly config: Config;
  readonly database: Kysely<unknown>;
  readonly inference: Inference;
  readonly log: Logger;
  now(): Date;
  /** Tells subscribers of every pod, outside of calls. */
  notify?(event: ServerEvent): void;
}

/** What a toolset does beside answering; clients are told so, and servers that do none of it need no sessions. */
export interface ToolsetNeeds {
  /** Its tools ask the user or the client: `elicit`, `sample`, `roots`. */
  readonly asks?: boolean;
  /** Its tools send log messages to the client. */
  readonly logging?: boolean;
  /** Events that it publishes: `tools`, `prompts`, `resources` for lists, `resource` for contents. */
  readonly publishes?: readonly ('tools' | 'prompts' | 'resources' | 'resource')[];
}

export interface Toolset<Deps, Config> {
  readonly name: string;
  readonly config: z.ZodType<Config>;
  /** Told to models: what the toolset is for and when to use which tool. */
  readonly instructions: string;
  readonly migrations: readonly Migration[];
  readonly tools: readonly Tool<Deps>[];
  readonly resources: readonly Resource<Deps>[];
  readonly prompts?: readonly Prompt<Deps>[];
  readonly skills?: readonly OfferedSkill[];
  readonly needs?: ToolsetNeeds;
  open(context: ToolsetContext<Config>): Deps | Promise<Deps>;
}

/** A failure that the caller can mend. `message` reaches the client as it is: say what to do next, and no secret. */
export class ToolError extends Error {
  override readonly name = 'ToolError';
}
