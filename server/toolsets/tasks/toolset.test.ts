import { expect, test } from 'vitest';
import { z } from 'zod';
import { tasks } from './toolset.ts';

const input = (name: string) => tasks.tools.find((tool) => tool.name === name)?.input;

test.each([
  ['an empty title', { title: '' }],
  ['a title of spaces', { title: '   ' }],
  ['a title of 201 characters', { title: 'x'.repeat(201) }],
  ['a title with NUL', { title: 'a\u0000b' }],
  ['a title with an escape sequence', { title: 'a\u001b[31mb' }],
  ['a title of two lines', { title: 'two\nlines' }],
  ['a description of 4001 characters', { description: 'x'.repeat(4001) }],
  ['a description with NUL', { description: 'a\u0000' }],
  ['an unknown priority', { priority: 'highest' }],
  ['an unknown status', { status: 'done' }],
  ['a day that does not exist', { due_date: '2030-02-30' }],
  ['a day in another form', { due_date: '15.03.2030' }],
  ['a time for a day', { due_date: '2030-03-15T00:00:00Z' }],
  ['no effort', { effort_hours: 0 }],
  ['an effort that is no number', { effort_hours: Number.NaN }],
  ['an effort of 1001 hours', { effort_hours: 1001 }],
  ['51 dependencies', { depends_on: Array.from({ length: 51 }, () => 'TASK-0001') }],
  ['a dependency that is no id', { depends_on: ["TASK-0001'; drop table tasks"] }],
  ['a tag of 51 characters', { tags: ['x'.repeat(51)] }],
  ['21 tags', { tags: Array.from({ length: 21 }, (_, index) => `${index}`) }],
  ['an empty key', { idempotency_key: '' }],
  ['a key of 129 characters', { idempotency_key: 'x'.repeat(129) }],
  ['a key with a space', { idempotency_key: 'a b' }],
  ['a field that there is not', { color: 'red' }],
])('create_task refuses %s', (_name, fields) => {
  expect(input('create_task')?.safeParse({ title: 'A' }).success).toBe(true);
  expect(input('create_task')?.safeParse({ title: 'A', ...fields }).success).toBe(false);
});

test('arguments of the reading tools are bounded too', () => {
  for (const limit of [0, 201, 1.5]) expect(input('list_tasks')?.safeParse({ limit }).success).toBe(false);
  expect(input('analyze_workload')?.safeParse({ time_horizon: 'year' }).success).toBe(false);
  expect(input('smart_prioritize')?.safeParse({ task_description: 'x'.repeat(2001) }).success).toBe(false);
});

test('every tool tells clients and models what it is', () => {
  expect(tasks.tools.map(({ name }) => name)).toEqual([
    'create_task',
    'list_tasks',
    'get_task',
    'update_task',
    'delete_task',
    'analyze_workload',
    'smart_prioritize',
    'suggest_next_action',
  ]);
  for (const tool of tasks.tools) {
    expect(tool.title).not.toBe('');
    expect(tool.description.length).toBeGreaterThan(30);
    expect(tool.scope).toBe(tool.annotations.readOnlyHint ? 'tasks:read' : 'tasks:write');
    expect('idempotency_key' in tool.input.shape).toBe(!tool.annotations.readOnlyHint);
    const { properties = {} } = z.toJSONSchema(tool.input, { io: 'input' });
    for (const [name, field] of Object.entries(properties))
      expect(field, `${tool.name}.${name}`).toHaveProperty('description', expect.stringMatching(/\w+/));
    expect(tool.output && z.toJSONSchema(tool.output)).toMatchObject({ type: 'object' });
  }
});
