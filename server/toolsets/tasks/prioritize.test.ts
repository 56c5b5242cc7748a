import { expect, test } from 'vitest';
import { prioritize } from './prioritize.ts';

test.each([
  ['Production is down, customers cannot pay', 'urgent', 4],
  ['Please reply ASAP to the auditors', 'urgent', 1],
  ['Prepare the slides before the deadline', 'high', 8],
  ['Fix the typo in the footer, nice to have', 'low', 1],
  ['Migrate the billing database', 'normal', 40],
  ['Water the plants', 'normal', 4],
  ['Understand the unsoonable', 'normal', 4],
] as const)('%s: %s, %d hours', (description, priority, effort_hours) => {
  expect(prioritize(description)).toMatchObject({ priority, effort_hours });
});

test.each([
  ['Call Ann. She waits since Monday.', 'Call Ann'],
  ['  Update   the\tnotes!\nDetails follow ', 'Update the notes'],
  ['word '.repeat(40), `${'word '.repeat(14)}word…`],
  ['x'.repeat(200), `${'x'.repeat(79)}…`],
])('the title of %j is its first sentence, cut between words', (description, title) => {
  expect(prioritize(description).title).toBe(title);
});

test('the considerations quote the word that decided, and point to a date', () => {
  expect(prioritize('Urgent: file it by 2030-04-01').considerations).toEqual([
    'The description says "urgent": it sounds as if it cannot wait.',
    'The description names a date: set due_date.',
  ]);
});

test('a hostile description does not take long', () => {
  const start = performance.now();
  prioritize('a '.repeat(1000));
  prioritize(' '.repeat(2000));
  prioritize('!?.'.repeat(660));
  expect(performance.now() - start).toBeLessThan(500);
});
