// The real kubectl as typed functions, for tests: what a user would type is
// what is tested. Knows no kind of this project.

import { stringify } from 'yaml';
import { CommandError, command } from './command.ts';
import type { Cluster } from './provider.ts';

export interface Kubectl {
  /** Any kubectl command; returns what it prints. */
  run(args: readonly string[], options?: { readonly input?: string; readonly seconds?: number }): Promise<string>;
  /** Applies YAML text, or objects. */
  apply(manifest: string | object | readonly object[]): Promise<string>;
  /** One object. Throws when it is missing. */
  get<T>(kind: string, name: string): Promise<T>;
  /** One object, or undefined when it is missing. */
  find<T>(kind: string, name: string): Promise<T | undefined>;
  list<T>(kind: string, selector?: string): Promise<readonly T[]>;
  /** Deletes and waits until it is gone; what is missing already is fine. */
  delete(kind: string, ...names: readonly string[]): Promise<void>;
  /** `kubectl wait --for=<condition>`, such as `condition=Ready` or `delete`. */
  wait(resource: string, condition: string, seconds?: number): Promise<void>;
  exec(pod: string, argv: readonly string[]): Promise<string>;
  logs(pod: string, ...flags: readonly string[]): Promise<string>;
  /** The same in another namespace. */
  in(namespace: string): Kubectl;
}

export function kubectl(cluster: Pick<Cluster, 'binaries' | 'kubeconfig'>, namespace = 'default'): Kubectl {
  const run: Kubectl['run'] = (args, { input, seconds = 60 } = {}) =>
    command(cluster.binaries.kubectl, ['--kubeconfig', cluster.kubeconfig, '--namespace', namespace, ...args], {
      timeout: (seconds + 5) * 1000,
      ...(input === undefined ? {} : { input }),
    });
  const get = async <T>(kind: string, name: string): Promise<T> =>
    JSON.parse(await run(['get', kind, name, '--output=json'])) as T;
  return {
    run,
    get,
    apply: (manifest) =>
      run(['apply', '--server-side', '--force-conflicts', '--filename=-'], { input: toYaml(manifest) }),
    async find<T>(kind: string, name: string) {
      try {
        return await get<T>(kind, name);
      } catch (error) {
        if (error instanceof CommandError && error.stderr.includes('(NotFound)')) return undefined;
        throw error;
      }
    },
    async list<T>(kind: string, selector?: string) {
      const filter = selector === undefined ? [] : [`--selector=${selector}`];
      const list = JSON.parse(await run(['get', kind, ...filter, '--output=json'])) as { readonly items: readonly T[] };
      return list.items;
    },
    async delete(kind, ...names) {
      await run(['delete', kind, ...names, '--ignore-not-found', '--wait', '--timeout=60s'], { seconds: 60 });
    },
    async wait(resource, condition, seconds = 60) {
      await run(['wait', resource, `--for=${condition}`, `--timeout=${seconds}s`], { seconds });
    },
    exec: (pod, argv) => run(['exec', pod, '--', ...argv]),
    logs: (pod, ...flags) => run(['logs', pod, ...flags]),
    in: (other) => kubectl(cluster, other),
  };
}

function toYaml(manifest: string | object | readonly object[]): string {
  if (typeof manifest === 'string') return manifest;
  return (Array.isArray(manifest) ? manifest : [manifest]).map((object: object) => stringify(object)).join('---\n');
}
