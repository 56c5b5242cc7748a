/**
 * One listener's tasks: tells it the state of each that has changed, one after the other as fast as it reads. A task
 * that changes while it waits is told once, as it is then. Must not know how tasks are stored.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Request } from '../request.ts';
import type { Line } from './request.ts';

/** Tasks that somebody may listen for. */
export interface TaskStates {
  /** Those of them that the client may hear of. Rejects with RpcError where it may hear of none at all. */
  known(ids: readonly string[], request: Request): Promise<readonly string[]>;
  /** One of them as it is now: members of a JSON object as text. Undefined where it is gone; rejects where it cannot be read. */
  read(id: string, request: Pick<Request, 'caller'>): Promise<string | undefined>;
}

export interface TaskWatchOptions {
  readonly ids: readonly string[];
  readonly line: Line;
  /** Undefined where there is nothing to tell. */
  readonly read: (id: string) => Promise<string | undefined>;
  readonly retryMs?: number;
}

/** A store that does not answer is asked again. */
const RETRY_MS = 2_000;

export class TaskWatch {
  readonly #options: TaskWatchOptions;
  readonly #changed = new Set<string>();
  #isTelling = false;

  constructor(options: TaskWatchOptions) {
    this.#options = options;
  }

  get ids(): readonly string[] {
    return this.#options.ids;
  }

  note(ids: Iterable<string>): void {
    for (const id of ids) this.#changed.add(id);
    if (!this.#isTelling) void this.#tell();
  }

  async #tell(): Promise<void> {
    const { line, read, retryMs = RETRY_MS } = this.#options;
    this.#isTelling = true;
    for (const id of this.#changed) {
      this.#changed.delete(id);
      const text = await read(id).catch(() => null);
      if (text === null) {
        this.#changed.add(id);
        await sleep(retryMs, undefined, { ref: false });
        if (!line.closed) continue;
      } else if (text === undefined || line.send(text)) {
        await line.drained();
        continue;
      }
      this.#changed.clear();
    }
    this.#isTelling = false;
  }
}
