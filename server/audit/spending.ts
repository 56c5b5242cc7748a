/**
 * What each request spends on models, without the tools having to say so: it follows the request through everything
 * that it waits for. Must not know what is done with the figures.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Inference } from '../inference/inference.ts';

export interface Spent {
  /** Answers of models. */
  readonly requests: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export interface Spending {
  /** Counts for this request what happens because of `work`. */
  follow<Result>(work: () => Result): Result;
  /** Of the request that this is called for. */
  spent(): Spent | undefined;
  /** The same models, counted. */
  count<Models extends Inference>(inference: Models): Models;
}

export function createSpending(): Spending {
  const requests = new AsyncLocalStorage<{ requests: number; inputTokens: number; outputTokens: number }>();
  return {
    follow: (work) => requests.run({ requests: 0, inputTokens: 0, outputTokens: 0 }, work),
    spent: () => requests.getStore(),
    count: (inference) => ({
      ...inference,
      async chat(question, options) {
        const answer = await inference.chat(question, options);
        const spent = requests.getStore();
        if (spent) {
          spent.requests += 1;
          spent.inputTokens += answer.usage.inputTokens;
          spent.outputTokens += answer.usage.outputTokens;
        }
        return answer;
      },
    }),
  };
}
