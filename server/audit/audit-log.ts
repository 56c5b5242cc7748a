/**
 * One line for each request that reached the protocol: who asked for what, how it ended, how long it took, and what it
 * spent on models; no arguments, no results. Lines are put together by hand and written many at a time, because this
 * happens on every call. Must not know where lines go.
 */
import type { Spent } from '../protocol/current.ts';
import type { Operation } from '../protocol/operation.ts';
import type { AuditEntry } from '../protocol/run.ts';
import type { Caller } from '../toolsets/call.ts';

export interface AuditLog {
  record(entry: AuditEntry): void;
  /** Writes what is still held; for the end of the process, and whenever it must be there now. */
  flush(): void;
}

export interface AuditLogOptions {
  /** Takes whole lines at once. May block, never fails. */
  readonly write: (lines: string) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** A line is held back for so long at the most, and so many characters of lines. */
const HOLD_MS = 100;
const HOLD_CHARACTERS = 16 * 1024;
const MAX_CALLER = 256;

export function createAuditLog({ write, now }: AuditLogOptions): AuditLog {
  let held = '';
  let timer: NodeJS.Timeout | undefined;
  /** Kinds of requests are few, and live as long as the server. */
  const kinds = new Map<Operation, string>();
  /** One caller is one object for as long as its token is remembered. */
  const callers = new WeakMap<Caller, string>();
  let second = 0;
  let secondText = '';

  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (held === '') return;
    const lines = held;
    held = '';
    write(lines);
  };
  const timeText = (): string => {
    const ms = now();
    if (Math.floor(ms / 1000) !== second) {
      second = Math.floor(ms / 1000);
      secondText = new Date(second * 1000).toISOString().slice(0, 20);
    }
    return `${secondText}${String(Math.floor(ms % 1000)).padStart(3, '0')}Z`;
  };
  const kindText = (operation: Operation): string => {
    let text = kinds.get(operation);
    if (text === undefined) {
      const { method, name } = operation;
      text = `"method":${JSON.stringify(method)}${name === undefined ? '' : `,"name":${JSON.stringify(name)}`}`;
      kinds.set(operation, text);
    }
    return text;
  };
  const callerText = (caller: Caller): string => {
    let text = callers.get(caller);
    if (text === undefined) callers.set(caller, (text = JSON.stringify(caller.id.slice(0, MAX_CALLER))));
    return text;
  };
  return {
    record({ id, request, operation, outcome, seconds, spent }) {
      const { caller, transport, revision } = request;
      const ms = Math.round(seconds * 1e6) / 1000;
      held += `{"level":"info","time":"${timeText()}","message":"call","request":"${id}","caller":${callerText(caller)},${kindText(operation)},"outcome":"${outcome}","ms":${ms},"transport":"${transport}","revision":"${revision}"${tokensText(spent)}}\n`;
      if (held.length > HOLD_CHARACTERS) flush();
      else timer ??= setTimeout(flush, HOLD_MS).unref();
    },
    flush,
  };
}

const tokensText = (spent: Spent | undefined): string =>
  spent === undefined ? '' : `,"inputTokens":${spent.inputTokens},"outputTokens":${spent.outputTokens}`;
