/**
 * Objects that keep each rule and objects that break it, for every rule of both
 * kinds. The same rows run through zod, through a CEL evaluator and through a real
 * API server, which is how the two halves of a rule are kept equal.
 */
import { mcpServerRows } from './testing/mcpserver.ts';
import { modelBackendRows } from './testing/modelbackend.ts';
import { durations, keys, names, type RuleRows, scaling, urls, variables } from './testing/shared.ts';

export const RULE_ROWS: readonly RuleRows[] = [
  ...names,
  ...scaling,
  ...keys,
  ...durations,
  ...variables,
  ...urls,
  ...mcpServerRows,
  ...modelBackendRows,
];
