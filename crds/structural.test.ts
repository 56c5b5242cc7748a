/**
 * What the generator writes for each thing that zod can say, and that it stops with
 * the path of the field where the API server could not enforce the same.
 */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { customResourceDefinition } from './crd.ts';
import { KINDS } from './outputs.ts';
import { fields } from './reference.ts';
import { intOrString, listMap, listSet, opaque, withRules, withTransitionRules } from './schema.ts';
import { type Structural, toStructural } from './structural.ts';

/** The schema of one field `x` of an object. */
const fieldOf = (schema: z.ZodType): Structural => toStructural(z.object({ x: schema })).properties?.['x'] ?? {};

describe('what can be said', () => {
  const cases: Record<string, [z.ZodType, Structural]> = {
    'an int32 keeps its format through narrower bounds': [
      z.int32().min(0).max(9),
      { type: 'integer', format: 'int32', minimum: 0, maximum: 9 },
    ],
    'an int has no bounds of its own': [z.int(), { type: 'integer', format: 'int64' }],
    'a pattern loses the escapes that only JavaScript needs': [
      z
        .string()
        .max(9)
        .regex(/^a\/b$/),
      { type: 'string', pattern: '^a/b$', maxLength: 9 },
    ],
    'a time is a format and no pattern': [z.iso.datetime(), { type: 'string', format: 'date-time' }],
    'a number or a percentage': [
      intOrString(),
      {
        pattern: '^[0-9]{1,3}%$',
        maxLength: 4,
        minimum: 0,
        maximum: 1000,
        anyOf: [{ type: 'integer' }, { type: 'string' }],
        'x-kubernetes-int-or-string': true,
      },
    ],
    'an opaque object': [opaque(), { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }],
    'a map': [
      z.record(z.string(), z.string().max(2)),
      { type: 'object', additionalProperties: { type: 'string', maxLength: 2 } },
    ],
    'a list with keys': [
      listMap(z.object({ n: z.string() }), ['n'], 3),
      {
        type: 'array',
        maxItems: 3,
        items: { type: 'object', required: ['n'], properties: { n: { type: 'string' } } },
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['n'],
      },
    ],
    'a set': [
      listSet(z.string(), 3),
      { type: 'array', maxItems: 3, items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
    ],
    'a literal is an enumeration of one': [z.literal('a'), { type: 'string', enum: ['a'] }],
    'the outer description wins': [
      z.boolean().describe('inner').optional().describe('outer'),
      { description: 'outer', type: 'boolean' },
    ],
    'null is accepted where it is said': [z.string().nullable(), { type: 'string', nullable: true }],
    'the default of an object holds the defaults of its fields': [
      z.object({ a: z.object({ b: z.int32().default(1) }).prefault({}), c: z.boolean().default(true) }).prefault({}),
      {
        type: 'object',
        default: { a: { b: 1 }, c: true },
        properties: {
          a: {
            type: 'object',
            default: { b: 1 },
            properties: { b: { type: 'integer', format: 'int32', default: 1 } },
          },
          c: { type: 'boolean', default: true },
        },
      },
    ],
    'a rule stands without its zod half': [
      withRules(z.string(), [{ rule: 'size(self) == 1', message: 'one', test: (s) => s.length === 1 }]),
      { type: 'string', 'x-kubernetes-validations': [{ rule: 'size(self) == 1', message: 'one' }] },
    ],
    'a rule about the old object has no zod half': [
      withTransitionRules(z.string(), [{ rule: 'self == oldSelf', message: 'fixed' }]),
      { type: 'string', 'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'fixed' }] },
    ],
  };
  test.each(Object.entries(cases))('%s', (_, [schema, expected]) => expect(fieldOf(schema)).toEqual(expected));

  test('metadata is an object and nothing more, and never required', () => {
    const schema = toStructural(z.object({ metadata: z.looseObject({ name: z.string() }), spec: z.object({}) }));
    expect(schema.properties?.['metadata']).toEqual({ type: 'object' });
    expect(schema.required).toEqual(['spec']);
  });
});

describe('what cannot be said stops the build with the path', () => {
  const refused: Record<string, z.ZodType> = {
    'a transform': z.string().transform(Number),
    'a transform in place': z.string().trim(),
    coercion: z.coerce.string(),
    'a tuple': z.tuple([z.string()]),
    'a free union': z.union([z.string(), z.boolean()]),
    'a discriminated union': z.discriminatedUnion('t', [z.object({ t: z.literal('a') })]),
    'an intersection': z.intersection(z.object({}), z.object({})),
    recursion: z.lazy(() => z.string()),
    anything: z.unknown(),
    'a refinement without a rule': z.string().refine(() => true),
    'a rule without a refinement': z.string().meta({ 'x-kubernetes-validations': [{ rule: 'true', message: 'm' }] }),
    'a refinement after optional()': z
      .string()
      .optional()
      .refine(() => true),
    'an id': z.object({}).meta({ id: 'X' }),
    'refusing unknown keys': z.strictObject({}),
    'bounded keys of a map': z.record(z.string().max(3), z.string()),
    'enumerated keys of a map': z.record(z.enum(['a']), z.string()),
    'a fraction': z.number(),
    'an open bound': z.int32().gt(0),
    'a format that the server does not check': z.url(),
    'a second pattern': z.string().regex(/a/).regex(/b/),
    'look-ahead': z.string().regex(/^(?!x)/),
    'look-behind': z.string().regex(/(?<=x)y/),
    'a back-reference': z.string().regex(/(a)\1/),
    'flags of a pattern': z.string().regex(/a/i),
    'white space that RE2 reads otherwise': z.string().regex(/^\S+$/),
    'a repetition beyond RE2': z.string().regex(/a{1,1001}/),
    'a default that is not valid': z.string().max(1).default('ab'),
    'a default that lacks defaults of its fields': z.object({ a: z.string().default('x') }).default({} as never),
    'a list keyed by an optional field': listMap(z.object({ n: z.string().optional() }), ['n'], 1),
    'maxProperties of what is no map': z
      .object({})
      .refine(() => true)
      .meta({ maxProperties: 1 }),
  };
  test.each(Object.entries(refused))('%s', (_, schema) =>
    expect(() => fieldOf(z.object({ y: schema }))).toThrow(/^x\.y: /),
  );
});

describe.each(KINDS)('$kind', (kind) => {
  const root = customResourceDefinition(kind).spec.versions[0]?.schema.openAPIV3Schema;
  const all = fields(root, '').filter(({ path }) => !['apiVersion', 'kind', 'metadata'].includes(path));

  test('describes every field', () => {
    expect(all.filter(({ schema }) => !schema.description).map(({ path }) => path)).toEqual([]);
  });

  test('bounds every string, number, list and map', () => {
    expect(all.flatMap(({ path, schema }) => unbounded(schema, path))).toEqual([]);
  });
});

/** Paths of what could grow without limit at this field; the fields below it are looked at by themselves. */
function unbounded(schema: Structural, path: string): string[] {
  if (schema.items) return [...(schema.maxItems ? [] : [`${path} (list)`]), ...unbounded(schema.items, `${path}[]`)];
  if (schema.additionalProperties)
    return [...(schema.maxProperties ? [] : [`${path} (map)`]), ...unbounded(schema.additionalProperties, `${path}{}`)];
  if (schema.type === 'string') return schema.maxLength || schema.enum || schema.format ? [] : [`${path} (string)`];
  if (schema.type === 'integer' && schema.format === 'int32' && path.startsWith('spec'))
    return schema.minimum !== undefined && schema.maximum !== undefined ? [] : [`${path} (integer)`];
  return [];
}
