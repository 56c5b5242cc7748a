/**
 * ModelsLoaded: every model of the spec can be used.
 */
import { fails } from '#operator/workload/verdict.ts';
import { reachable } from './reachable.ts';
import type { Judgement, Situation } from './situation.ts';

export function modelsLoaded(situation: Situation): Judgement<'ModelsLoaded'> {
  if (reachable(situation).status !== 'True') return fails('Pending', 'The backend does not answer.');
  return situation.finding.modelsLoaded;
}

/** Names of the models that can be used now. */
export function loadedModels(situation: Situation): readonly string[] {
  if (reachable(situation).status !== 'True') return [];
  return situation.finding.models.filter(({ state }) => state === 'Loaded').map(({ name }) => name);
}

const MAX_NAMES = 10;

/** Names as part of a sentence; there may be more than anybody reads. */
export const enumerated = (names: readonly string[]): string =>
  names.slice(0, MAX_NAMES).join(', ') + (names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : '');
