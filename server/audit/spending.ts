/**
 * Puts what models cost down to the call that asked them, without the tools having to say so. Must not know what is
 * done with the figures.
 */
import type { Inference } from '../inference/inference.ts';
import { current } from '../protocol/current.ts';

/** The same models, counted. */
export const counted = <Models extends Inference>(inference: Models): Models => ({
  ...inference,
  async chat(question, options) {
    const answer = await inference.chat(question, options);
    current.getStore()?.spend(answer.usage);
    return answer;
  },
});
