/** A client's end of a line, in memory, for tests of what is told over it. */
import type { Line } from './request.ts';

export interface TestLine {
  readonly line: Line;
  readonly sent: string[];
  /** Lets those go on who wait for a client that does not read. */
  readonly drain: () => void;
}

export function createTestLine({ reads = true }: { readonly reads?: boolean } = {}): TestLine {
  const sent: string[] = [];
  let drain = (): void => undefined;
  let listener = (): void => undefined;
  const line = {
    closed: false,
    send: (text: string) => !line.closed && sent.push(text) > 0,
    whenClosed: (given: () => void) => void (listener = given),
    drained: () => (reads ? Promise.resolve() : new Promise<void>((resolve) => (drain = resolve))),
    end() {
      line.closed = true;
      listener();
    },
  };
  return { line, sent, drain: () => drain() };
}
