/**
 * What can be said about a set of tasks without a model: how urgent each is, whether
 * it is too much, what comes first. Pure; days are UTC dates of the form YYYY-MM-DD.
 */
import { isOpen, type Priority, type Task } from './task.ts';

export const HORIZONS = ['day', 'week', 'month'] as const;
export const ASSESSMENTS = ['manageable', 'heavy', 'overloaded'] as const;
export type Horizon = (typeof HORIZONS)[number];
export type Assessment = (typeof ASSESSMENTS)[number];

/** Days that a horizon looks ahead, and the hours that one person works in it. */
const SPAN: Readonly<Record<Horizon, { readonly days: number; readonly hours: number }>> = {
  day: { days: 1, hours: 8 },
  week: { days: 7, hours: 40 },
  month: { days: 30, hours: 160 },
};
/** Work that is assumed for a task without an estimate, in hours. */
const UNKNOWN_EFFORT = 2;
const WEIGHT: Readonly<Record<Priority, number>> = { low: 0, normal: 2, high: 4, urgent: 8 };
const DAY_MS = 24 * 60 * 60 * 1000;

export interface Summary {
  /** All tasks that are there. */
  readonly total: number;
  readonly pending: number;
  /** Open tasks of this priority. */
  readonly urgent: number;
  readonly high: number;
  /** Open tasks whose day has passed. */
  readonly overdue: number;
}

export function dayOf(time: Date): string {
  return time.toISOString().slice(0, 10);
}

/** Whole days from one day to another; negative for the past. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS);
}

export function isOverdue(subject: Task, today: string): boolean {
  return isOpen(subject) && subject.due_date !== undefined && subject.due_date < today;
}

/** Hours of open work that fall into the horizon: due by its end or late, or important without a day. */
export function hoursDue(tasks: readonly Task[], horizon: Horizon, today: string): number {
  return tasks
    .filter(isOpen)
    .filter(({ due_date, priority }) =>
      due_date === undefined ? WEIGHT[priority] >= WEIGHT.high : daysBetween(today, due_date) < SPAN[horizon].days,
    )
    .reduce((hours, { effort_hours }) => hours + (effort_hours ?? UNKNOWN_EFFORT), 0);
}

/** Compares the work of the horizon with one person's time, and looks at what is late or urgent. */
export function assess({ urgent, overdue }: Summary, hours: number, horizon: Horizon): Assessment {
  const load = hours / SPAN[horizon].hours;
  if (load > 1 || urgent >= 8 || overdue >= 5) return 'overloaded';
  if (load > 0.7 || urgent >= 4 || overdue >= 2) return 'heavy';
  return 'manageable';
}

/** The greater, the sooner: priority, then how near the day is. */
function urgency({ priority, due_date, status }: Task, today: string): number {
  const days = due_date === undefined ? Number.POSITIVE_INFINITY : daysBetween(today, due_date);
  const nearness = days < 0 ? 6 : days === 0 ? 5 : days <= 2 ? 4 : days <= 7 ? 2 : 0;
  return WEIGHT[priority] + nearness + (status === 'in_progress' ? 1 : 0);
}

/** Open tasks, the most urgent first; among equals the earlier day, then the older task. */
export function byUrgency(tasks: readonly Task[], today: string): readonly Task[] {
  const day = (subject: Task) => subject.due_date ?? '9999-12-31';
  return tasks
    .filter(isOpen)
    .map((subject, age) => ({ subject, age, urgency: urgency(subject, today) }))
    .sort(
      (a, b) =>
        b.urgency - a.urgency ||
        (day(a.subject) < day(b.subject) ? -1 : day(a.subject) > day(b.subject) ? 1 : a.age - b.age),
    )
    .map(({ subject }) => subject);
}

/** Open tasks that somebody could work on now: not blocked, and nothing that they depend on is open. */
export function ready(tasks: readonly Task[]): readonly Task[] {
  const open = new Set(tasks.filter(isOpen).map(({ id }) => id));
  return tasks.filter(
    (subject) => isOpen(subject) && subject.status !== 'blocked' && !subject.depends_on.some((id) => open.has(id)),
  );
}

/** Why a task stands where it stands, as a half sentence. */
export function reasonFor({ priority, due_date, status }: Task, today: string): string {
  const days = due_date === undefined ? undefined : daysBetween(today, due_date);
  const due =
    days === undefined
      ? 'no due date'
      : days < 0
        ? `overdue by ${count(-days, 'day')}`
        : days === 0
          ? 'due today'
          : `due in ${count(days, 'day')}`;
  return `${priority} priority, ${due}${status === 'in_progress' ? ', already in progress' : ''}${status === 'blocked' ? ', blocked' : ''}`;
}

/** `1 task`, `2 tasks`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
