/**
 * Both CRDs on a real API server: it takes them, judges every row as zod does, names
 * the field in each refusal, and writes the defaults that zod writes.
 */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { customResourceDefinition } from './crd.ts';
import { KINDS } from './outputs.ts';
import { RULE_ROWS } from './rules.rows.ts';
import { EXAMPLES } from './testing/examples.ts';
import { fieldRows } from './testing/fields.ts';
import { backend, custom, managed, POSTGRES, type Row, server } from './testing/objects.ts';
import { openServer, pathOf, type Refusal, type TestServer } from './testing/server.ts';

let api: TestServer;
const created: Row[] = [];

beforeAll(async () => {
  api = await openServer(inject('cluster').kubeconfig);
  for (const kind of KINDS) await api.establish(customResourceDefinition(kind));
});

afterAll(async () => {
  for (const { kind, metadata } of created) await api.send('DELETE', pathOf(kind, metadata.name));
  api.close();
});

/** Stored objects as the tests read them. */
interface Stored {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly spec: Record<string, unknown> & { readonly managed?: Record<string, unknown> };
  readonly status?: Record<string, unknown>;
}

const dryRun = (row: Row, validation = 'Strict') =>
  api.send<Stored & Refusal>('POST', `${pathOf(row.kind)}?dryRun=All&fieldValidation=${validation}`, row);

async function create(row: Row, name: string): Promise<Stored> {
  const object = { ...row, metadata: { name } };
  await api.send('DELETE', pathOf(row.kind, name));
  const { code, body } = await api.send<Stored & Refusal>('POST', pathOf(row.kind), object);
  expect(body.message).toBeUndefined();
  expect(code).toBe(201);
  created.push(object);
  return body;
}

function parsed(row: Row): unknown {
  return JSON.parse(JSON.stringify(KINDS.find(({ kind }) => kind === row.kind)?.schema.parse(row)));
}

/** `spec.targets[].name` → a pattern for `spec.targets[3].name`; `{}` stands for a key of a map. */
const pathPattern = (at: string) =>
  new RegExp(
    `^${at
      .replaceAll(/[.[\]]/g, '\\$&')
      .replaceAll('\\[\\]', '\\[\\d+\\]')
      .replaceAll('{}', '.*')}`,
  );

describe.each(RULE_ROWS)('$at: $message', ({ at, message, accept, reject }) => {
  test.each(accept)('the API server accepts row %# and fills in what zod fills in', async (row) => {
    const { code, body } = await dryRun(row);
    expect(body.message).toBeUndefined();
    expect(code).toBe(201);
    expect(body.spec).toEqual((parsed(row) as Stored).spec);
  });

  test.each(reject)('the API server refuses row %# with the message, at the field', async (row) => {
    const { code, body } = await dryRun(row);
    expect(code).toBe(422);
    expect(body.details?.causes).toContainEqual({
      reason: 'FieldValueInvalid',
      message: expect.stringContaining(message),
      field: expect.stringMatching(pathPattern(at)),
    });
  });
});

test.each(fieldRows)('the API server refuses an object in which $field $why, and names the field', async (row) => {
  const { code, body } = await dryRun(row.object);
  expect(code).toBe(422);
  expect(body.details?.causes).toContainEqual(
    expect.objectContaining({ field: expect.stringMatching(pathPattern(row.field)) }),
  );
});

test.each(EXAMPLES)('the API server accepts $file', async ({ object }) => {
  const { code, body } = await dryRun(object);
  expect(body.message).toBeUndefined();
  expect(code).toBe(201);
});

test.each([server({ nonsense: 1 }), backend({ nonsense: 1 })])(
  'an unknown field of $kind is refused by name under strict validation and pruned without',
  async (row) => {
    const strict = await dryRun(row);
    expect(strict.code).toBe(400);
    expect(strict.body.message).toContain('unknown field "spec.nonsense"');
    const lenient = await dryRun(row, 'Ignore');
    expect(lenient.code).toBe(201);
    expect(lenient.body.spec).not.toHaveProperty('nonsense');
  },
);

test('the settings of a toolset are kept as they are', async () => {
  const toolsets = [{ name: 'tasks', config: { deep: { list: [1, 'a', null] } } }];
  expect((await dryRun(server({ toolsets }))).body.spec['toolsets']).toEqual(toolsets);
});

test('the type of a ModelBackend cannot change, while its other fields can', async () => {
  const stored = await create(backend(), 'immutable');
  const path = pathOf('ModelBackend', 'immutable');
  const other = { ...managed(), metadata: stored.metadata };
  const refused = await api.send<Refusal>('PUT', path, other);
  expect(refused.code).toBe(422);
  expect(refused.body.message).toContain('spec.type cannot change');
  const changed = backend({ external: { url: 'https://other.test' } });
  expect((await api.send('PUT', path, { ...changed, metadata: stored.metadata })).code).toBe(200);
});

describe.each([
  { row: server({ replicas: 3, storage: POSTGRES }), at: ['replicas'] },
  { row: custom({ replicas: 3 }), at: ['managed', 'replicas'] },
])('$row.kind', ({ row, at }) => {
  const status = { observedGeneration: 1, replicas: 2, readyReplicas: 1, selector: 'app=a' };

  test('status is written through its sub-resource only, and nothing else through it', async () => {
    const stored = await create(row, 'with-status');
    const path = pathOf(row.kind, 'with-status');
    const ignored = await api.send<Stored>('PUT', path, { ...stored, status });
    expect(ignored.body.status).toBeUndefined();
    const changed = { ...ignored.body, spec: { ...stored.spec, models: [{ name: 'changed' }] }, status };
    const written = await api.send<Stored>('PUT', `${path}/status`, changed);
    expect(written.code).toBe(200);
    expect(written.body.status).toEqual(status);
    expect(written.body.spec).toEqual(stored.spec);
  });

  test('a condition without a reason is refused', async () => {
    const stored = await create(row, 'bad-status');
    const conditions = [{ type: 'Ready', status: 'True', observedGeneration: 1, message: '', reason: '' }];
    const refused = await api.send<Refusal>('PUT', `${pathOf(row.kind, 'bad-status')}/status`, {
      ...stored,
      status: { ...status, conditions },
    });
    expect(refused.code).toBe(422);
    expect(refused.body.message).toContain('status.conditions[0].reason');
  });

  test('the scale sub-resource reads replicas and selector, and writes replicas', async () => {
    const stored = await create(row, 'scaled');
    const path = pathOf(row.kind, 'scaled');
    await api.send('PUT', `${path}/status`, { ...stored, status });
    const scale = await api.send<{ spec: { replicas: number }; status: object }>('GET', `${path}/scale`);
    expect(scale.body).toMatchObject({ spec: { replicas: 3 }, status: { replicas: 2, selector: 'app=a' } });
    const set = await api.send('PUT', `${path}/scale`, { ...scale.body, spec: { replicas: 5 } });
    expect(set.code).toBe(200);
    const { body } = await api.send<Stored>('GET', path);
    expect(at.reduce<unknown>((node, key) => (node as Record<string, unknown>)[key], body.spec)).toBe(5);
  });

  test('kubectl get shows the printer columns', async () => {
    await create(row, 'listed');
    const { body } = await api.send<{ columnDefinitions: { name: string }[] }>('GET', pathOf(row.kind), undefined, {
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
    });
    const columns = KINDS.find(({ kind }) => kind === row.kind)?.printerColumns ?? [];
    expect(body.columnDefinitions.map(({ name }) => name)).toEqual(['Name', ...columns.map(({ name }) => name)]);
  });
});
