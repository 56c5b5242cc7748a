/**
 * The real Helm for tests of the charts: the one that was built into the cache for the local cluster, else that in the
 * PATH. Tests only; a missing Helm is an answer, since building it takes a minute.
 */
import { execFile } from 'node:child_process';
import { glob } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { findProgram } from '#e2e/cluster/command.ts';
import { places } from '#e2e/cluster/places.ts';

const run = promisify(execFile);

export async function findHelm(env: Readonly<Record<string, string | undefined>>): Promise<string | undefined> {
  const built: string[] = [];
  for await (const path of glob(join(places(env).cache, 'bin', 'helm-*', 'helm'))) built.push(path);
  return built.sort().at(0) ?? findProgram('helm', env['PATH']);
}

/** What a chart renders to, as text. Throws with what Helm says. */
export async function helmTemplate(
  helm: string,
  chart: string,
  values: object = {},
  release = 'mcp-fleet',
): Promise<string> {
  const folder = join(import.meta.dirname, chart);
  const set = Object.entries(values).flatMap(([path, value]) => ['--set-json', `${path}=${JSON.stringify(value)}`]);
  const args = ['template', release, folder, '--namespace', 'mcp-fleet-system', '--kube-version', '1.36.0', ...set];
  const { stdout } = await run(helm, args, { maxBuffer: 16 << 20 });
  return stdout;
}

/** The objects of a rendered chart, which is text that depends on Helm's version. */
export function objects(text: string): KubeObject[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as KubeObject | null)
    .filter((object) => object !== null);
}

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly rules?: readonly object[];
  readonly spec?: { readonly replicas?: number; readonly template?: { readonly spec: PodSpec } };
}

export interface PodSpec {
  readonly containers: readonly {
    readonly image: string;
    readonly env: readonly { readonly name: string; readonly value?: string }[];
    readonly securityContext?: object;
  }[];
  readonly securityContext?: object;
}
