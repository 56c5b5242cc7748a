/**
 * Which model is asked next: resolve the route, drop what is not ready, take the best
 * tier, and in it the least busy. Pure; must not know how a model is asked or what
 * time it is.
 */
import type { RouteConfig } from '../config.ts';
import { InferenceError } from './inference.ts';
import type { KnownBackend, KnownBackends, KnownModel } from './known.ts';

export interface Target {
  readonly backend: KnownBackend;
  readonly model: KnownModel;
  /** Lower ones are tried first. */
  readonly priority: number;
}

export interface Route {
  readonly name: string;
  readonly deadlineMs: number;
  readonly targets: readonly Target[];
  /** Why each other target of the route cannot be asked, as phrases. */
  readonly missing: readonly string[];
}

/** Deadline of the route that stands in where none is configured, in milliseconds. */
const IMPLICIT_DEADLINE = 120_000;

export const targetKey = ({ backend, model }: Target): string => `${backend.name}/${model.name}`;

/** Throws InferenceError for a name that no route has. Without any route every loaded chat model is a target, by name. */
export function resolveRoute(routes: readonly RouteConfig[], name: string | undefined, backends: KnownBackends): Route {
  if (routes.length === 0 && name === undefined) return implicitRoute(backends);
  const route = name === undefined ? routes[0] : routes.find((candidate) => candidate.name === name);
  if (route === undefined) {
    const there = routes.length === 0 ? 'there are none' : `there are ${routes.map((r) => r.name).join(', ')}`;
    throw new InferenceError('NoBackend', `there is no route named ${name}; ${there}`);
  }
  const targets: Target[] = [];
  const missing: string[] = [];
  for (const { backend: backendName, model: modelName, priority } of route.targets) {
    const backend = backends.get(backendName);
    const model = backend?.models.find((candidate) => candidate.name === modelName);
    const problem = backend === undefined ? `${backendName} is not known` : problemOf(backend, model, modelName);
    if (problem !== undefined) missing.push(problem);
    else if (backend !== undefined && model !== undefined) targets.push({ backend, model, priority });
  }
  return { name: route.name, deadlineMs: route.deadlineMs, targets, missing };
}

function implicitRoute(backends: KnownBackends): Route {
  const targets: Target[] = [];
  const missing: string[] = [];
  for (const backend of [...backends.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    for (const model of backend.models.filter(({ tasks }) => tasks.includes('Chat'))) {
      const problem = problemOf(backend, model, model.name);
      if (problem === undefined) targets.push({ backend, model, priority: targets.length });
      else missing.push(problem);
    }
  }
  return { name: 'default', deadlineMs: IMPLICIT_DEADLINE, targets, missing: [...new Set(missing)] };
}

function problemOf(backend: KnownBackend, model: KnownModel | undefined, name: string): string | undefined {
  if (!backend.ready) return `${backend.name} is not ready (${backend.reason})`;
  if (model === undefined) return `${backend.name} has no model ${name}`;
  if (!model.tasks.includes('Chat')) return `${name} of ${backend.name} does not chat`;
  if (!model.loaded) return `${name} of ${backend.name} is not loaded`;
  return undefined;
}

export interface Conditions {
  readonly inFlight: (backend: string) => number;
  /** How a target is to be treated after what was seen of it: avoided if another one can be had, or left alone. */
  readonly rest: (target: Target) => 'none' | 'avoid' | 'leave';
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** Targets in the order in which they should be tried. */
export function orderTargets(targets: readonly Target[], { inFlight, rest, random }: Conditions): readonly Target[] {
  return targets
    .map((target) => ({ target, rest: rest(target), load: inFlight(target.backend.name), tie: random() }))
    .filter((candidate) => candidate.rest !== 'leave')
    .sort(
      (a, b) =>
        Number(a.rest === 'avoid') - Number(b.rest === 'avoid') ||
        a.target.priority - b.target.priority ||
        a.load - b.load ||
        a.tie - b.tie,
    )
    .map(({ target }) => target);
}
