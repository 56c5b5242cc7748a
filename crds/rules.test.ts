/**
 * Both halves of every rule, on rows that keep it and rows that break it: zod and CEL
 * must say the same. A rule without rows fails.
 */
import { describe, expect, test } from 'vitest';
import { customResourceDefinition } from './crd.ts';
import type { Kind } from './kind.ts';
import { KINDS } from './outputs.ts';
import { rules } from './reference.ts';
import { RULE_ROWS } from './rules.rows.ts';
import type { Structural } from './structural.ts';
import { violations, withDefaults } from './testing/cel.ts';
import { fieldRows } from './testing/fields.ts';
import type { Row } from './testing/objects.ts';

const SCHEMAS = new Map<string, { readonly kind: Kind; readonly schema: Structural }>(
  KINDS.map((kind) => {
    const schema = customResourceDefinition(kind).spec.versions[0]?.schema.openAPIV3Schema ?? {};
    return [kind.kind, { kind, schema }];
  }),
);

function of(row: Row) {
  const found = SCHEMAS.get(row.kind);
  if (!found) throw new Error(`no kind ${row.kind}`);
  return found;
}

/** Messages of the rules that CEL finds broken, sorted. */
function celMessages(row: Row): readonly string[] {
  const { schema } = of(row);
  return violations(schema, withDefaults(schema, row))
    .map(({ message }) => message)
    .sort();
}

/** Messages of all that zod finds wrong, sorted. */
function zodMessages(row: Row): readonly string[] {
  const parsed = of(row).kind.schema.safeParse(row);
  return parsed.success ? [] : parsed.error.issues.map(({ message }) => message).sort();
}

describe.each(RULE_ROWS)('$at: $message', ({ message, accept, reject }) => {
  test.each(accept)('zod and CEL accept row %#', (row) => {
    expect(zodMessages(row)).toEqual([]);
    expect(celMessages(row)).toEqual([]);
  });

  test.each(reject)('zod and CEL reject row %# with the same messages', (row) => {
    expect(celMessages(row)).toContain(message);
    expect(zodMessages(row)).toEqual(celMessages(row));
  });
});

test.each(fieldRows)('zod refuses an object in which $field $why, and names the field', ({ field, object }) => {
  const parsed = of(object).kind.schema.safeParse(object);
  const paths = parsed.error?.issues.map(({ path }) => `.${path.join('.')}`.replaceAll(/\.(\d+)/g, '[$1]').slice(1));
  expect(paths).toContain(field);
});

test.each(KINDS)('every rule of $kind that needs no old object has rows for both answers', (kind) => {
  const schema = customResourceDefinition(kind).spec.versions[0]?.schema.openAPIV3Schema ?? {};
  const ofThisKind = RULE_ROWS.filter(({ accept }) => accept[0]?.kind === kind.kind);
  const covered = new Set(
    ofThisKind
      .filter(({ accept, reject }) => accept.length > 0 && reject.length > 0)
      .map(({ at, message }) => `${at}: ${message}`),
  );
  const all = rules(schema, '').filter(({ rule }) => !rule.includes('oldSelf'));
  expect(all.map(({ at, message }) => `${at}: ${message}`).filter((rule) => !covered.has(rule))).toEqual([]);
  expect(covered.size).toBe(all.length);
});
