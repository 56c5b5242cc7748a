// Progress as lines on a stream: for test runs and logs, where nothing can be
// redrawn.

import type { Progress } from './provider.ts';

/** Milliseconds after which a step that still runs is announced. */
const patience = 3000;

export function progressLines(write: (line: string) => void): Progress {
  const begun = new Map<string, NodeJS.Timeout>();
  return ({ step, state, seconds, detail }) => {
    if (state === 'start') {
      begun.set(
        step,
        setTimeout(() => write(`${step} …\n`), patience),
      );
      return;
    }
    if (state === 'done') clearTimeout(begun.get(step));
    const time = seconds === undefined ? '' : ` (${seconds.toFixed(1)} s)`;
    const cached = state === 'cached' ? ' (cached)' : '';
    write(`${step}${cached}${time}${detail === undefined ? '' : `: ${detail}`}\n`);
  };
}
