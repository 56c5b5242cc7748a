/**
 * Building blocks that zod lacks for Kubernetes API types: rules that the API
 * server runs too, lists keyed like maps, int-or-string, and opaque objects. Knows
 * nothing of our kinds; `structural.ts` turns what is built here into a CRD schema.
 */
import { z } from 'zod';

/**
 * One validation rule, said twice: `rule` is CEL for the API server, `test` the same
 * for zod (files, dry runs, tests). `crds/rules.test.ts` proves that they agree.
 */
export interface Rule<T> {
  readonly rule: string;
  readonly message: string;
  readonly fieldPath?: string;
  readonly test: (value: T) => boolean;
}

export const VALIDATIONS = 'x-kubernetes-validations';

/** Adds rules to an object schema. */
export function withRules<S extends z.ZodType>(schema: S, rules: readonly Rule<z.output<S>>[]): S {
  let checked: z.ZodType = schema;
  for (const { test, message, fieldPath } of rules) {
    const path = fieldPath?.split('.').filter(Boolean);
    checked = (checked as z.ZodType<z.output<S>>).refine(test, path ? { message, path } : { message });
  }
  const cel = rules.map(({ test: _test, ...rule }) => rule);
  return checked.meta({ ...schema.meta(), [VALIDATIONS]: cel }) as S;
}

/** A rule that compares with the stored object; only the API server can run it, on update. */
export interface TransitionRule {
  readonly rule: string;
  readonly message: string;
}

/** Adds rules about `oldSelf`, which a parser that sees one object cannot check. */
export function withTransitionRules<S extends z.ZodType>(schema: S, rules: readonly TransitionRule[]): S {
  const meta = (schema.meta() ?? {}) as Record<string, unknown>;
  const before = (meta[VALIDATIONS] as readonly unknown[] | undefined) ?? [];
  return schema.meta({ ...meta, [VALIDATIONS]: [...before, ...rules] });
}

/** A list whose items are merged by `keys` (server-side apply's `listType: map`); the keys of each item are unique. */
export function listMap<S extends z.ZodType>(item: S, keys: readonly string[], max: number): z.ZodArray<S> {
  const keyOf = (value: unknown) => JSON.stringify(keys.map((key) => (value as Record<string, unknown>)[key]));
  return z
    .array(item)
    .max(max)
    .refine((items) => unique(items.map(keyOf)), { message: `items must be unique by ${keys.join(' and ')}` })
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [...keys] });
}

/** A list of unique strings or numbers, merged by value. */
export function listSet<S extends z.ZodType<string | number>>(item: S, max: number): z.ZodArray<S> {
  return z
    .array(item)
    .max(max)
    .refine(unique, { message: 'items must be unique' })
    .meta({ 'x-kubernetes-list-type': 'set' });
}

const unique = (items: readonly unknown[]) => new Set(items).size === items.length;

/** A number of pods, or a percentage of them such as `25%`. */
export function intOrString(): z.ZodUnion<readonly [z.ZodInt, z.ZodString]> {
  const pods = z.int().min(0).max(1000);
  const percentage = z
    .string()
    .max(4)
    .regex(/^[0-9]{1,3}%$/);
  return z.union([pods, percentage]).meta({ 'x-kubernetes-int-or-string': true });
}

/** An object that another API validates (a pod's affinity, an HPA's behaviour); kept as it is. */
export const opaque = () => z.looseObject({});
