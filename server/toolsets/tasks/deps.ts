/**
 * What every tool of the toolset `tasks` is given, and the shared way to make a write
 * that may be repeated.
 */
import type { Transaction } from 'kysely';
import type { Inference } from '../../inference/inference.ts';
import { idempotently } from '../../store/idempotency.ts';
import type { Call } from '../toolset.ts';
import type { TasksTables } from './tables.ts';
import type { TasksDatabase } from './tasks-store.ts';

export interface TasksDeps {
  readonly database: TasksDatabase;
  readonly inference: Inference;
  /** Route that model-backed tools ask; the first route without it. */
  readonly route: string | undefined;
  /** Milliseconds that a model may take. */
  readonly modelDeadlineMs: number;
  now(): Date;
}

/** Runs `work` in one transaction; under an `idempotency_key` at most once. */
export function write<Result>(
  tool: string,
  { idempotency_key: key, ...rest }: { readonly idempotency_key?: string | undefined },
  { deps, caller }: Call<TasksDeps>,
  work: (transaction: Transaction<TasksTables>, now: Date) => Promise<Result>,
): Promise<Result> {
  const now = deps.now();
  return idempotently(deps.database, { caller: caller.id, tool, key, arguments: rest, now }, (transaction) =>
    work(transaction, now),
  );
}
