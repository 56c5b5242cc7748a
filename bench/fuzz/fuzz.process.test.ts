/**
 * What attackers and crowds do to the bundled server, as much of it as there is time for here: twenty thousand broken
 * and hostile inputs, fifty thousand calls of a thousand clients. More by `npm run bench -- fuzz` and `crosstalk`.
 */
import { expect, test } from 'vitest';
import { CROSSTALK_CALLS, crosstalk } from '../crosstalk.ts';
import type { Report } from '../figures.ts';
import { fuzz } from '../fuzz.ts';

/** Fixed, so that a run that fails fails again. */
const SEED = 1;

function expectToHold({ figures }: Report, lines: readonly string[]): void {
  const missed = Object.entries(figures).filter(([, { holds }]) => !holds);
  expect({ missed, lines: missed.length === 0 ? [] : lines }).toEqual({ missed: [], lines: [] });
}

test('broken and hostile requests neither crash the server, nor stall it, nor make it answer 5xx', async () => {
  const lines: string[] = [];
  const result = await fuzz({ inputs: 20_000, seed: SEED, progress: (line) => lines.push(line) });
  expectToHold(result, lines);
  expect(result.figures['authenticated_inputs']?.value).toBeGreaterThanOrEqual(10_000);
}, 300_000);

test('a thousand clients with equal ids, some of which hang up, get each its own answers', async () => {
  const lines: string[] = [];
  const result = await crosstalk(CROSSTALK_CALLS, (line) => lines.push(line));
  expectToHold(result, lines);
  expect(result.figures['calls']?.value).toBe(CROSSTALK_CALLS);
  expect(result.figures['aborted']?.value).toBeGreaterThan(CROSSTALK_CALLS / 100);
}, 300_000);
