import { expect, test } from 'vitest';
import { judge, quantile, report } from './figures.ts';

test('the value is the median and the spread shows the extremes', () => {
  const figure = judge({ unit: 'ms', bar: { atMost: 10 }, measures: '' }, { rounds: [9, 30, 8] });
  expect(figure).toEqual({ value: 9, unit: 'ms', spread: [8, 30], bar: '<= 10', holds: true });
});

test('a bar is judged on the side it names, and its edge holds', () => {
  expect(judge({ unit: '', bar: { atLeast: 10 }, measures: '' }, { rounds: [10] }).holds).toBe(true);
  expect(judge({ unit: '', bar: { atLeast: 10 }, measures: '' }, { rounds: [9.9] }).holds).toBe(false);
  expect(judge({ unit: '', bar: { atMost: 0 }, measures: '' }, { rounds: [1] }).holds).toBe(false);
});

test('a figure without a number holds no bar', () => {
  expect(judge({ unit: '', bar: { none: true }, measures: '' }, { rounds: [Number.NaN] }).holds).toBe(false);
});

test('quantiles are nearest ranks', () => {
  const values = Array.from({ length: 100 }, (_, i) => i + 1);
  expect(quantile(values, 0.99)).toBe(99);
  expect(quantile(values, 0.5)).toBe(50);
  expect(quantile([7], 0.99)).toBe(7);
});

test('a report lacks no figure that was promised', () => {
  const definitions = { a: { unit: '', bar: { none: true }, measures: '' } } as const;
  expect(() => report('x', 1, definitions, {})).toThrow('figure a was not measured');
});
