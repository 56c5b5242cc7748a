/** Twenty thousand inputs against the bundled server; more by `npm run bench -- fuzz --inputs 1000000`. */
import { expect, test } from 'vitest';
import { fuzz } from '../fuzz.ts';

/** Fixed, so that a run that fails fails again. */
const SEED = 1;

test('broken and hostile requests neither crash the server, nor stall it, nor make it answer 5xx', async () => {
  const lines: string[] = [];
  const { figures } = await fuzz({ inputs: 20_000, seed: SEED, progress: (line) => lines.push(line) });
  const missed = Object.entries(figures).filter(([, { holds }]) => !holds);
  expect({ missed, lines: missed.length === 0 ? [] : lines }).toEqual({ missed: [], lines: [] });
}, 300_000);
