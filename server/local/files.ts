/**
 * McpServers and ModelBackends from YAML files, for running without a cluster. As strict as the API server: what the
 * schema does not know is a mistake, said with file and field. Other kinds of objects are left to the cluster.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { z } from 'zod';
import { API_VERSION } from '#crds/group.ts';
import { type McpServer, mcpServer } from '#crds/mcpserver-status.ts';
import { type ModelBackend, modelBackend } from '#crds/modelbackend-status.ts';
import { ConfigError, issuesText } from '../config-error.ts';

export interface Resources {
  readonly servers: readonly McpServer[];
  readonly backends: readonly ModelBackend[];
}

const MAX_BYTES = 4 * 1024 * 1024;

/** `paths` are files or folders, whose .yaml, .yml and .json files are read in order of their names. Throws ConfigError. */
export async function readResources(paths: readonly string[]): Promise<Resources> {
  const servers: McpServer[] = [];
  const backends: ModelBackend[] = [];
  for (const file of (await Promise.all(paths.map(filesOf))).flat()) {
    for (const [i, document] of parseAllDocuments(await readText(file)).entries()) {
      const where = i === 0 ? file : `${file}, document ${i + 1}`;
      const [problem] = document.errors;
      if (problem) throw new ConfigError(`${where}: not valid YAML: ${problem.message.split('\n', 1)[0]}`);
      const value: unknown = document.toJS({ maxAliasCount: 100 });
      if (typeof value !== 'object' || value === null || Array.isArray(value)) continue;
      const { apiVersion, kind } = value as { apiVersion?: unknown; kind?: unknown };
      if (apiVersion !== API_VERSION) continue;
      if (kind === mcpServer.kind) servers.push(checked(mcpServer.schema, value, where) as McpServer);
      else if (kind === modelBackend.kind) backends.push(checked(modelBackend.schema, value, where) as ModelBackend);
      else
        throw new ConfigError(`${where}: kind: ${String(kind).slice(0, 64)} is not one of McpServer and ModelBackend`);
    }
  }
  return { servers, backends };
}

async function filesOf(path: string): Promise<string[]> {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new ConfigError(`${path}: there is no such file or folder`);
  if (!found.isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => /\.(ya?ml|json)$/.test(name));
  if (names.length === 0) throw new ConfigError(`${path}: the folder has no .yaml, .yml or .json file`);
  return names.sort().map((name) => join(path, name));
}

async function readText(file: string): Promise<string> {
  const { size } = await stat(file);
  if (size > MAX_BYTES) throw new ConfigError(`${file}: larger than ${MAX_BYTES} bytes`);
  return readFile(file, 'utf8');
}

function checked(schema: z.ZodType, value: object, where: string): unknown {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new ConfigError(`${where}: ${issuesText(parsed.error)}`);
  const unknown = unknownField(value, parsed.data);
  if (unknown !== undefined) throw new ConfigError(`${where}: ${unknown}: there is no such field`);
  return parsed.data;
}

/** Path of the first field that parsing has dropped because the schema does not know it. */
function unknownField(given: unknown, kept: unknown, path = ''): string | undefined {
  if (typeof given !== 'object' || given === null || typeof kept !== 'object' || kept === null) return undefined;
  for (const [key, value] of Object.entries(given)) {
    const at = path === '' ? key : `${path}.${key}`;
    if (!Object.hasOwn(kept, key)) return at;
    const below = unknownField(value, (kept as Record<string, unknown>)[key], at);
    if (below !== undefined) return below;
  }
  return undefined;
}
