/**
 * A condition before it has a type, a generation and a time: what a judgement says. Judgements are pure functions that
 * give one of these.
 */
export interface Verdict<Reason extends string = string> {
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: Reason;
  /** A sentence for people, with the cure where there is one. */
  readonly message: string;
}

export const holds = <R extends string>(reason: R, message: string): Verdict<R> => ({
  status: 'True',
  reason,
  message,
});
export const fails = <R extends string>(reason: R, message: string): Verdict<R> => ({
  status: 'False',
  reason,
  message,
});
