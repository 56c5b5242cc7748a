import { expect, test } from 'vitest';
import type { Task } from './task.ts';
import { assess, byUrgency, hoursDue, isOverdue, ready, reasonFor } from './workload.ts';

const TODAY = '2030-03-15';
const task = (id: string, fields: Partial<Task> = {}): Task => ({
  id,
  title: id,
  priority: 'normal',
  status: 'pending',
  created_at: '2030-01-01T00:00:00Z',
  depends_on: [],
  tags: [],
  ...fields,
});
const ids = (tasks: readonly Task[]) => tasks.map(({ id }) => id).join(' ');

test.each([
  ['a day that has passed', { due_date: '2030-03-14' }, true],
  ['today', { due_date: TODAY }, false],
  ['no day', {}, false],
  ['late but done', { due_date: '2030-01-01', status: 'completed' }, false],
  ['late but cancelled', { due_date: '2030-01-01', status: 'cancelled' }, false],
  ['late and blocked', { due_date: '2030-01-01', status: 'blocked' }, true],
] as const)('overdue: %s', (_name, fields, expected) => {
  expect(isOverdue(task('a', fields), TODAY)).toBe(expected);
});

test('the order goes by priority and nearness of the day, then by day, then by age', () => {
  const tasks = [
    task('some-day', { priority: 'low' }),
    task('normal'),
    task('normal-younger'),
    task('started', { status: 'in_progress' }),
    task('next-week', { due_date: '2030-03-21' }),
    task('high', { priority: 'high' }),
    task('today', { due_date: TODAY }),
    task('late', { due_date: '2030-03-01' }),
    task('later-than-late', { due_date: '2030-02-01' }),
    task('urgent', { priority: 'urgent' }),
    task('urgent-and-late', { priority: 'urgent', due_date: '2030-03-14' }),
    task('done', { priority: 'urgent', status: 'completed' }),
  ];
  expect(ids(byUrgency(tasks, TODAY))).toBe(
    'urgent-and-late later-than-late late urgent today next-week high started normal normal-younger some-day',
  );
});

test.each([
  ['day', 3 + 2],
  ['week', 3 + 2 + 5],
  ['month', 3 + 2 + 5 + 7],
] as const)('hours of a %s: what is due by its end or late, and what is important without a day', (horizon, hours) => {
  const tasks = [
    task('late', { due_date: '2030-03-01', effort_hours: 3 }),
    task('in six days', { due_date: '2030-03-21', effort_hours: 5 }),
    task('in 29 days', { due_date: '2030-04-13', effort_hours: 7 }),
    task('in 30 days', { due_date: '2030-04-14', effort_hours: 100 }),
    task('high, without a day or an estimate', { priority: 'high' }),
    task('normal, without a day', { effort_hours: 100 }),
    task('done', { due_date: TODAY, effort_hours: 100, status: 'completed' }),
  ];
  expect(hoursDue(tasks, horizon, TODAY)).toBe(hours);
});

test.each([
  [0, 0, 0, 'manageable'],
  [28, 3, 1, 'manageable'],
  [28.5, 0, 0, 'heavy'],
  [0, 4, 0, 'heavy'],
  [0, 0, 2, 'heavy'],
  [40, 7, 4, 'heavy'],
  [40.5, 0, 0, 'overloaded'],
  [0, 8, 0, 'overloaded'],
  [0, 0, 5, 'overloaded'],
] as const)('a week with %d hours, %d urgent and %d overdue tasks is %s', (hours, urgent, overdue, expected) => {
  expect(assess({ total: 99, pending: 99, high: 0, urgent, overdue }, hours, 'week')).toBe(expected);
});

test('the same hours weigh more in a shorter time', () => {
  const none = { total: 0, pending: 0, high: 0, urgent: 0, overdue: 0 };
  expect((['day', 'week', 'month'] as const).map((horizon) => assess(none, 30, horizon))).toEqual([
    'overloaded',
    'heavy',
    'manageable',
  ]);
});

test('ready is what is open, not blocked and waits for nothing that is open', () => {
  const tasks = [
    task('free'),
    task('done', { status: 'completed' }),
    task('blocked', { status: 'blocked' }),
    task('waits', { depends_on: ['done', 'free'] }),
    task('waited', { depends_on: ['done'] }),
    task('waits-for-blocked', { depends_on: ['blocked'] }),
  ];
  expect(ids(ready(tasks))).toBe('free waited');
});

test.each([
  [{}, 'normal priority, no due date'],
  [{ due_date: TODAY, priority: 'urgent' }, 'urgent priority, due today'],
  [{ due_date: '2030-03-16', status: 'in_progress' }, 'normal priority, due in 1 day, already in progress'],
  [{ due_date: '2030-03-12', status: 'blocked' }, 'normal priority, overdue by 3 days, blocked'],
] as const)('a reason in words: %o', (fields, expected) => {
  expect(reasonFor(task('a', fields), TODAY)).toBe(expected);
});
