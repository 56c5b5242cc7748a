/**
 * Sends whole answers, those of one turn of the event loop one right after another. Every write to a peer that sleeps
 * wakes it up, which costs the kernel about as much as a short call costs us; a peer that is busy with the answer before
 * need not be woken again. Must not know what an answer says.
 */
import type { ServerResponse } from 'node:http';

/** Text of ASCII alone needs no encoding, which counts for long answers. */
type Encoding = 'latin1' | 'utf8';

interface Answer {
  readonly response: ServerResponse;
  readonly text: string;
  readonly encoding: Encoding;
  readonly rest: Buffer | undefined;
}

/** An answer does not wait for the others of its turn when these take longer. */
const PATIENCE_MS = 1;

let waiting: Answer[] = [];
let since = 0;

/** Ends the response within this turn of the event loop, with `rest` behind the text. Its head must have been written. */
export function endWithTurn(response: ServerResponse, text: string, encoding: Encoding, rest?: Buffer): void {
  waiting.push({ response, text, encoding, rest });
  if (waiting.length === 1) {
    since = performance.now();
    setImmediate(sendWaiting);
  } else if (performance.now() - since > PATIENCE_MS) sendWaiting();
}

/** For what ends a connection on which answers may wait. */
export function sendWaiting(): void {
  const answers = waiting;
  waiting = [];
  for (const { response, text, encoding, rest } of answers)
    if (rest) {
      response.write(text, encoding);
      response.end(rest);
    } else response.end(text, encoding);
}
