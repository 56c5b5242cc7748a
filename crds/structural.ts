/**
 * Turns a zod schema into the structural schema of a CustomResourceDefinition version.
 * It walks zod's definitions and knows a positive list of them: whatever the API
 * server could not enforce in the same way stops the build with the path of the
 * field. Knows no kind of ours.
 */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { checks, integerSchema, refuse, stringSchema } from './scalars.ts';
import { VALIDATIONS } from './schema.ts';

/** A validation rule as the CRD carries it. */
export interface Validation {
  readonly rule: string;
  readonly message: string;
  readonly fieldPath?: string;
}

/** The part of JSON schema that a CRD may use and that this generator writes, in the order in which it is written. */
export interface Structural {
  description?: string;
  type?: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  format?: string;
  default?: unknown;
  nullable?: true;
  enum?: readonly string[];
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  maxProperties?: number;
  required?: readonly string[];
  properties?: Readonly<Record<string, Structural>>;
  additionalProperties?: Structural;
  items?: Structural;
  anyOf?: readonly { readonly type: string }[];
  'x-kubernetes-int-or-string'?: true;
  'x-kubernetes-preserve-unknown-fields'?: true;
  'x-kubernetes-list-type'?: 'map' | 'set';
  'x-kubernetes-list-map-keys'?: readonly string[];
  'x-kubernetes-validations'?: readonly Validation[];
}

type Schema = z.core.$ZodType;
type Definition = z.core.$ZodTypes['_zod']['def'];

const META = new Set([
  'description',
  'maxProperties',
  'x-kubernetes-int-or-string',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  VALIDATIONS,
]);

/** The schema of a whole object: apiVersion, kind, metadata, spec, status. Throws an Error that begins with the path. */
export function toStructural(root: z.ZodType): Structural {
  const { required, properties, ...rest } = walk(root, '');
  return ordered({
    ...rest,
    // The API server owns these three and permits no schema of them beyond their type.
    properties: {
      ...properties,
      apiVersion: { type: 'string', description: 'Version of the schema that the object follows.' },
      kind: { type: 'string', description: 'Kind of the object.' },
      metadata: { type: 'object' },
    },
    required: (required ?? []).filter((key) => !['apiVersion', 'kind', 'metadata'].includes(key)),
  });
}

function walk(schema: Schema, at: string): Structural {
  const meta = metaOf(schema, at);
  const node = { ...shape(schema, at), ...meta };
  if (node['x-kubernetes-list-type'] === 'map') mapKeys(node, at);
  checkRefinements(schema, node, at);
  return ordered(node);
}

function shape(schema: Schema, at: string): Structural {
  const def = definition(schema);
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- a positive list; the rest is refused
  switch (def.type) {
    case 'optional':
      return inner(def, at);
    case 'nullable':
      return { ...inner(def, at), nullable: true };
    case 'default':
      return { ...inner(def, at), default: wholeDefault(def.innerType, def.defaultValue, at) };
    case 'prefault':
      return { ...inner(def, at), default: filledDefault(def.innerType, def.defaultValue, at) };
    case 'object':
      return objectSchema(def, at);
    case 'record':
      return recordSchema(def, at);
    case 'array':
      return { type: 'array', ...sizes(def, at), items: walk(def.element, `${at}[]`) };
    case 'string':
      return stringSchema(def, at);
    case 'number':
      return integerSchema(def, at);
    case 'boolean':
      return { type: 'boolean' };
    case 'enum':
      return { type: 'string', enum: strings(Object.values(def.entries), at) };
    case 'literal':
      return { type: 'string', enum: strings(def.values, at) };
    case 'union':
      return intOrString(schema, def, at);
    case 'transform':
    case 'pipe':
      return refuse(at, 'transforms have no place in an API type');
    default:
      return refuse(at, `${def.type} cannot be said in a structural schema`);
  }
}

type Wrapper = { readonly innerType: Schema; readonly checks?: unknown[] | undefined };

function inner(def: Wrapper, at: string): Structural {
  if (def.checks?.length) refuse(at, 'put checks on the schema itself, before optional() or default()');
  return walk(def.innerType, at);
}

function objectSchema(def: z.core.$ZodObjectDef, at: string): Structural {
  const properties = Object.fromEntries(
    Object.entries(def.shape).map(([key, field]) => [key, walk(field, at === '' ? key : `${at}.${key}`)]),
  );
  const required = Object.entries(def.shape).flatMap(([key, field]) => (field._zod.optin === undefined ? [key] : []));
  const catchall = def.catchall && definition(def.catchall).type;
  if (catchall && catchall !== 'unknown') refuse(at, 'unknown keys are pruned, never refused or typed; use z.object()');
  return {
    type: 'object',
    ...(Object.keys(properties).length > 0 && { properties }),
    ...(required.length > 0 && { required }),
    ...(catchall && { 'x-kubernetes-preserve-unknown-fields': true }),
  };
}

function recordSchema(def: z.core.$ZodRecordDef, at: string): Structural {
  const key = definition(def.keyType);
  if (key.type !== 'string' || key.checks?.length) refuse(at, 'keys of a map are plain strings; bound them by a rule');
  return { type: 'object', additionalProperties: walk(def.valueType, `${at}{}`) };
}

/** `anyOf` must read exactly like this; bounds stand beside it and judge the values whose type they fit. */
function intOrString(schema: Schema, def: z.core.$ZodUnionDef, at: string): Structural {
  const branches = def.options.map(definition);
  const [integer, string] = branches;
  const marked = z.globalRegistry.get(schema)?.['x-kubernetes-int-or-string'] === true;
  if (!marked || branches.length !== 2 || integer?.type !== 'number' || string?.type !== 'string')
    return refuse(at, 'unions are not structural; use a type field, one optional block per type, and a rule');
  const { type: _integer, format: _format, ...bounds } = integerSchema(integer, at);
  const { type: _string, ...text } = stringSchema(string, at);
  return { ...bounds, ...text, anyOf: [{ type: 'integer' }, { type: 'string' }] };
}

function sizes(def: z.core.$ZodArrayDef, at: string): Structural {
  const node: Structural = {};
  for (const check of checks(def)) {
    if (check.check === 'min_length') node.minItems = check.minimum;
    else if (check.check === 'max_length') node.maxItems = check.maximum;
    else if (check.check !== 'custom') refuse(at, `${check.check} cannot be said of a list`);
  }
  return node;
}

/** zod takes such a default as it is, the API server fills in the defaults of its fields: it must have them already. */
function wholeDefault(schema: Schema, value: unknown, at: string): unknown {
  if (!isDeepStrictEqual(filledDefault(schema, value, at), value))
    refuse(at, 'the default lacks defaults of its fields; use prefault()');
  return value;
}

/** Both sides fill in such a default; it is written filled, because the API server runs the rules on it as it stands. */
function filledDefault(schema: Schema, value: unknown, at: string): unknown {
  const parsed = z.safeParse(schema, value);
  return parsed.success ? parsed.data : refuse(at, `the default is not valid: ${parsed.error.message}`);
}

function metaOf(schema: Schema, at: string): Structural {
  const meta = z.globalRegistry.get(schema) ?? {};
  for (const key of Object.keys(meta)) if (!META.has(key)) refuse(at, `metadata ${key} has no meaning in a CRD`);
  const { [VALIDATIONS]: validations, ...rest } = meta as Structural;
  return validations?.length ? { ...rest, [VALIDATIONS]: validations } : rest;
}

/** Each refine() must be one rule that the API server runs too, and each rule that needs no old object a refine(). */
function checkRefinements(schema: Schema, node: Structural, at: string): void {
  const refinements = checks(definition(schema)).filter(({ check }) => check === 'custom').length;
  const own = metaOf(schema, at);
  const rules = (own[VALIDATIONS] ?? []).filter(({ rule }) => !rule.includes('oldSelf')).length;
  const counts = rules + (own.maxProperties ? 1 : 0) + (own['x-kubernetes-list-type'] ? 1 : 0);
  if (refinements !== counts)
    refuse(at, `${refinements} refinements stand beside ${counts} rules; use withRules(), listMap() or stringMap()`);
  if (node.maxProperties && !node.additionalProperties) refuse(at, 'maxProperties belongs to a map');
}

function mapKeys(node: Structural, at: string): void {
  for (const key of node['x-kubernetes-list-map-keys'] ?? [])
    if (!node.items?.required?.includes(key) && node.items?.properties?.[key]?.default === undefined)
      refuse(at, `list map key ${key} must be required or have a default`);
}

function strings(values: readonly unknown[], at: string): readonly string[] {
  return values.map((value) => (typeof value === 'string' ? value : refuse(at, 'enumerations are of strings')));
}

const ORDER: readonly (keyof Structural)[] = [
  'description',
  'type',
  'format',
  'default',
  'nullable',
  'enum',
  'pattern',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'minItems',
  'maxItems',
  'maxProperties',
  'required',
  'properties',
  'additionalProperties',
  'items',
  'anyOf',
  'x-kubernetes-int-or-string',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  VALIDATIONS,
];

function ordered(node: Structural): Structural {
  return Object.fromEntries(ORDER.flatMap((key) => (node[key] === undefined ? [] : [[key, node[key]]])));
}

function definition(schema: Schema): Definition {
  return (schema as z.core.$ZodTypes)._zod.def;
}
