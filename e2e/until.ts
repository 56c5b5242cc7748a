/** Patient questions about the state of the world, for whoever waits for something that he does not do himself. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Asks until the answer is not undefined or false; throws with `what` after `limitMs`. */
export async function until<T>(what: string, limitMs: number, ask: () => Promise<T | undefined | false>): Promise<T> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline) throw new Error(`${what}: not within ${limitMs} ms`);
    await sleep(25);
  }
}
