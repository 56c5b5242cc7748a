/**
 * Faults the test API injects: what it does to the next requests that match, instead of or before answering them.
 */

/** What a request asks for, as faults and assertions see it. */
export interface SeenRequest {
  readonly method: string;
  /** Path without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly watch: boolean;
}

export type Fault =
  /** Refuses with this HTTP status. */
  | { readonly kind: 'status'; readonly code: number; readonly reason?: string; readonly retryAfterSeconds?: number }
  /** Cuts the connection without an answer; with `after`, once the request has taken effect. */
  | { readonly kind: 'reset'; readonly after?: boolean }
  /** Accepts and never answers. */
  | { readonly kind: 'hang' };

interface Armed {
  readonly fault: Fault;
  readonly when: (request: SeenRequest) => boolean;
  left: number;
}

export class Faults {
  #armed: Armed[] = [];

  /** Arms a fault for the next `times` matching requests (default 1; Infinity = until clear()). */
  inject(fault: Fault, when: (request: SeenRequest) => boolean = () => true, times = 1): void {
    this.#armed.push({ fault, when, left: times });
  }

  clear(): void {
    this.#armed = [];
  }

  /** The fault for this request, used up by the call. */
  next(request: SeenRequest): Fault | undefined {
    const armed = this.#armed.find((candidate) => candidate.left > 0 && candidate.when(request));
    if (armed === undefined) return undefined;
    armed.left -= 1;
    if (armed.left <= 0) this.#armed = this.#armed.filter((candidate) => candidate !== armed);
    return armed.fault;
  }
}
