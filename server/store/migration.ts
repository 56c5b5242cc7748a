/**
 * One step of a toolset's schema, for both databases. Steps run once, in order of
 * their names within a toolset; a step that has shipped never changes.
 */
import type { Kysely } from 'kysely';

export interface Migration {
  /** Sorts and identifies: `0001-tasks`. */
  readonly name: string;
  up(database: Kysely<unknown>, dialect: 'sqlite' | 'postgres'): Promise<void>;
}
