/**
 * The protocol's extensions that a server has use for: Tasks where a tool takes long, Skills where there are any. What
 * is not used is neither announced nor loaded, and makes no tables.
 */
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { EventBus } from '../events/event.ts';
import type { Dispatch } from '../protocol/dispatch.ts';
import type { Extension } from '../protocol/modern/methods.ts';
import type { OpenDatabase } from '../store/database.ts';
import { migrate } from '../store/migrate.ts';
import type { SkillLibrary } from './skills/library.ts';
import type { TaskTables } from './tasks/tables.ts';

export interface ExtensionsOptions {
  /** It may share its store with others. */
  readonly server: string;
  readonly dispatch: Dispatch;
  readonly store: OpenDatabase;
  readonly bus: EventBus;
  readonly log: Logger;
  readonly now: () => Date;
  /** Tasks that run in this process at a time. */
  readonly maxTasks: number;
  /** Undefined where none are served. */
  readonly skills: SkillLibrary | undefined;
}

export interface OpenExtensions {
  readonly extensions: readonly Extension[];
  /** Begins no more tasks, waits up to `graceMs` for those under way, and fails the others. */
  close(graceMs: number): Promise<void>;
}

export async function openExtensions(options: ExtensionsOptions): Promise<OpenExtensions> {
  const { dispatch, store, skills } = options;
  const extensions: Extension[] = [];
  let close = (_graceMs: number): Promise<void> => Promise.resolve();
  if ([...dispatch.table.tools.values()].some(({ tool }) => tool.task !== undefined)) {
    const { migrations } = await import('./tasks/tables.ts');
    await migrate(store.database, store.dialect, 'extension-tasks', migrations);
    const { openTasks } = await import('./tasks/extension.ts');
    const database: Kysely<TaskTables> = store.database;
    const tasks = openTasks({ ...options, database, maxRunning: options.maxTasks });
    extensions.push(tasks.extension);
    close = (graceMs) => tasks.close(graceMs);
  }
  if (skills) {
    const { skillsExtension } = await import('./skills/extension.ts');
    extensions.push(skillsExtension(dispatch, skills));
  }
  return { extensions, close };
}
