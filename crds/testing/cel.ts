/**
 * Fills in the defaults of a structural schema and runs its CEL rules on an object, in
 * the order of the API server. For tests that have no API server; the tests beside one
 * prove that both agree.
 */
import { isIP } from 'node:net';
import { Environment } from '@marcbachmann/cel-js';
import { amount } from '../quantity.ts';
import type { Structural } from '../structural.ts';

/** A broken rule: the path of the schema that carries it, and its message. */
export interface Violation {
  readonly at: string;
  readonly message: string;
}

class Quantity {
  readonly amount: number;
  constructor(text: string) {
    this.amount = amount(text);
  }
}

const environment = new Environment({ unlistedVariablesAreDyn: true })
  .registerType('Quantity', { ctor: Quantity, fields: { amount: 'double' } })
  .registerFunction('quantity(string): Quantity', (text: string) => new Quantity(text))
  .registerFunction('Quantity.compareTo(Quantity): int', (a: Quantity, b: Quantity) =>
    BigInt(Math.sign(a.amount - b.amount)),
  )
  .registerFunction('isIP(string): bool', (text: string) => isIP(text) !== 0)
  .registerFunction('isCIDR(string): bool', isRange);

function isRange(text: string): boolean {
  const [address = '', bits = '', ...more] = text.split('/');
  return (
    more.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= { 0: -1, 4: 32, 6: 128 }[isIP(address) as 0 | 4 | 6]
  );
}

/** A copy with the defaults of the schema in place of what is missing. */
export function withDefaults(schema: Structural, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => withDefaults(schema.items ?? {}, item));
  if (typeof value !== 'object' || value === null) return value;
  const { properties = {}, additionalProperties } = schema;
  const present = Object.entries(value).filter(([, field]) => field !== undefined);
  const missing = Object.entries(properties).flatMap(([key, field]) =>
    field.default === undefined || present.some(([name]) => name === key) ? [] : [[key, field.default] as const],
  );
  return Object.fromEntries(
    [...present, ...missing].map(([key, field]) => [
      key,
      withDefaults(properties[key] ?? additionalProperties ?? {}, field),
    ]),
  );
}

/** Every rule that the value breaks; rules about the old object are left out. */
export function violations(schema: Structural, value: unknown, at = ''): readonly Violation[] {
  const own = (schema['x-kubernetes-validations'] ?? [])
    .filter(({ rule }) => !rule.includes('oldSelf') && environment.evaluate(rule, { self: value }) !== true)
    .map(({ message }) => ({ at, message }));
  return [...own, ...below(schema, value, at)];
}

function below(schema: Structural, value: unknown, at: string): readonly Violation[] {
  if (Array.isArray(value)) return value.flatMap((item) => violations(schema.items ?? {}, item, `${at}[]`));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, field]) => {
    const property = schema.properties?.[key];
    if (property) return violations(property, field, at === '' ? key : `${at}.${key}`);
    return schema.additionalProperties ? violations(schema.additionalProperties, field, `${at}{}`) : [];
  });
}
