/**
 * BackendsReady: every route has a target that can be asked. A route to a model that its backend has not loaded has
 * none. Must not know how a target is chosen.
 */
import { fails, holds } from '#operator/workload/verdict.ts';
import { backendState } from '../backends.ts';
import type { Judgement, Situation } from './situation.ts';

/** Something that must be there, and whether it is. */
interface Need {
  readonly name: string;
  readonly met: boolean;
}

export function backendsReady({
  server,
  observed,
}: Pick<Situation, 'server' | 'observed'>): Judgement<'BackendsReady'> {
  const states = observed.backends.map(backendState);
  const routes = server.spec.inference?.routes ?? [];
  if (routes.length === 0) {
    if (states.length === 0) return holds('NotNeeded', 'No route asks for a model.');
    return judged(
      'ModelBackend',
      states.map(({ name, ready }) => ({ name, met: ready })),
      states,
    );
  }
  const serves = (backend: string, model: string): boolean =>
    states.some((state) => state.name === backend && state.ready && state.models.includes(model));
  const needs = routes.map(({ name, targets }) => ({
    name,
    met: targets.some(({ backend, model }) => serves(backend, model)),
  }));
  return judged('route', needs, states);
}

function judged(
  what: string,
  needs: readonly Need[],
  states: readonly { readonly name: string; readonly ready: boolean; readonly reason: string }[],
): Judgement<'BackendsReady'> {
  const unmet = needs.filter(({ met }) => !met).map(({ name }) => name);
  if (unmet.length === 0) return holds('AllReady', `Every ${what} can be used.`);
  const causes = states.filter(({ ready }) => !ready).map(({ name, reason }) => `${name} ${reason}`);
  const why = causes.length === 0 ? 'no ready ModelBackend has the model' : causes.join(', ');
  const message = `No ready target for ${what} ${unmet.join(', ')}: ${why}. Tools that ask a model answer degraded.`;
  return fails(unmet.length === needs.length ? 'NoneAvailable' : 'SomeUnavailable', message);
}
