/**
 * What a toolset is: tools, resources and prompts as plain data, and how they get
 * what they need. An author of tools needs this file only. Must not know the
 * protocol that carries the calls.
 */
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { z } from 'zod';
import type { Inference } from '../inference/inference.ts';
import type { Migration } from '../store/migration.ts';

/** Who asked. `anonymous` where the server asks for no identity. */
export interface Caller {
  readonly id: string;
}

/** What one call brings, beside its input. */
export interface Call<Deps> {
  readonly deps: Deps;
  readonly caller: Caller;
  /** Aborted when the client goes away or the call's time is over. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Tells the client how far the call is; does nothing where the client did not ask. `progress` must grow. */
  progress(step: { progress: number; total?: number; message?: string }): void;
}

/** Hints for clients, with the meanings of MCP's ToolAnnotations. All four are said for every tool. */
export interface ToolAnnotations {
  readonly readOnlyHint: boolean;
  readonly destructiveHint: boolean;
  readonly idempotentHint: boolean;
  readonly openWorldHint: boolean;
}

export interface Tool<Deps, Input extends z.ZodObject = z.ZodObject, Output extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: Input;
  readonly output: Output;
  readonly annotations: ToolAnnotations;
  /** Right that a caller needs, for example `tasks:write`. */
  readonly scope: string;
  run(input: z.output<Input>, call: Call<Deps>): Promise<z.input<Output>>;
}

/** Types `run` by the tool's own schemas. */
export function defineTool<Deps>() {
  return <Input extends z.ZodObject, Output extends z.ZodObject>(tool: Tool<Deps, Input, Output>): Tool<Deps> => tool;
}

/** A resource with a fixed URI, or, where `uri` has `{variables}`, a template (RFC 6570, level 1). */
export interface Resource<Deps> {
  readonly uri: string;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly mimeType: string;
  /** Reads it; undefined means that there is no such resource. */
  read(variables: Readonly<Record<string, string>>, call: Call<Deps>): Promise<string | undefined>;
  /** Concrete resources of a template, for lists. */
  list?(call: Call<Deps>): Promise<readonly { readonly uri: string; readonly name: string }[]>;
  /** Values of a variable that begin with `prefix`; at most 100. */
  complete?(variable: string, prefix: string, deps: Deps): Promise<readonly string[]>;
}

/** What a running server gives to each toolset. */
export interface ToolsetContext<Config> {
  readonly config: Config;
  readonly database: Kysely<unknown>;
  readonly inference: Inference;
  readonly log: Logger;
  now(): Date;
}

export interface Toolset<Deps, Config> {
  readonly name: string;
  readonly config: z.ZodType<Config>;
  /** Told to models: what the toolset is for and when to use which tool. */
  readonly instructions: string;
  readonly migrations: readonly Migration[];
  readonly tools: readonly Tool<Deps>[];
  readonly resources: readonly Resource<Deps>[];
  open(context: ToolsetContext<Config>): Deps | Promise<Deps>;
}

/** A failure that the caller can mend. `message` reaches the client as it is: say what to do next, and no secret. */
export class ToolError extends Error {
  override readonly name = 'ToolError';
}
