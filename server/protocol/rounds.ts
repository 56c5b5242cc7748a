/**
 * Asking the client where it cannot be asked within a call: the call ends with questions, comes again with the answers,
 * and runs from its start with them. Answers of earlier rounds travel sealed with the client, bound to its request.
 */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../canonical-json.ts';
import type { Answers, InputRequired, Question } from './request.ts';
import { INVALID_PARAMS, RpcError } from './rpc-error.ts';
import type { Sealer } from './sealing.ts';

/** What a state is good for: this caller, this method, this name, these arguments. */
export interface Binding {
  readonly caller: string;
  readonly method: string;
  readonly name: string;
  readonly arguments: unknown;
}

type Given = Readonly<Record<string, unknown>>;

const PURPOSE = 'request-state';
/** How long a user may take for one round, in milliseconds. */
const TTL_MS = 600_000;
/** Of all answers of a call together, in characters. */
const MAX_ANSWERS = 32 * 1024;

/** The answers that came with a request, of this round and of earlier ones. Throws RpcError for a state that is not ours. */
export function givenAnswers({ inputResponses, requestState }: Answers, sealer: Sealer, binding: Binding): Given {
  if (requestState === undefined) return inputResponses ?? {};
  const earlier = sealer.open(PURPOSE, requestState, bound(binding));
  if (earlier === undefined)
    throw new RpcError(INVALID_PARAMS, 'The requestState is not valid here, or too old. Send the request without it.');
  return { ...(earlier as Given), ...inputResponses };
}

/** Thrown into a tool that waits for an answer which another round brings. */
export class Suspended extends Error {
  override readonly name = 'Suspended';
}

export interface RoundsOptions {
  readonly given: Given;
  readonly sealer: Sealer;
  readonly binding: Binding;
  /** Called once, when something is to be asked. */
  readonly suspend: (required: InputRequired) => void;
}

/** The questions of one run. */
export class Rounds {
  readonly #options: RoundsOptions;
  /** Answers that were asked for and fit. */
  readonly #used = new Map<string, unknown>();
  #size = 0;
  readonly #open = new Map<string, Question>();
  readonly #waiting: ((reason: Suspended) => void)[] = [];

  constructor(options: RoundsOptions) {
    this.#options = options;
  }

  /** Once for each key. Resolves with what `read` makes of the answer; rejects with Suspended when it must be asked for first. */
  ask<Answer>(key: string, question: Question, read: (answer: unknown) => Answer | undefined): Promise<Answer> {
    const given = Object.hasOwn(this.#options.given, key) ? this.#options.given[key] : undefined;
    const answer = given === undefined ? undefined : read(given);
    if (answer !== undefined) {
      this.#used.set(key, given);
      this.#size += JSON.stringify(given).length;
      if (this.#size > MAX_ANSWERS)
        throw new RpcError(INVALID_PARAMS, `The answers are longer than ${MAX_ANSWERS} characters. Answer shorter.`);
      return Promise.resolve(answer);
    }
    // Whatever else the tool asks in this turn is asked with it.
    if (this.#open.size === 0) setImmediate(() => this.#suspend());
    this.#open.set(key, question);
    const { promise, reject } = Promise.withResolvers<never>();
    this.#waiting.push(reject);
    return promise;
  }

  #suspend(): void {
    const { sealer, binding, suspend } = this.#options;
    const used = Object.fromEntries(this.#used);
    const requestState = sealer.seal(PURPOSE, used, { ttlMs: TTL_MS, bind: bound(binding) });
    suspend({ inputRequests: Object.fromEntries(this.#open), requestState });
    const reason = new Suspended('the client is asked first');
    for (const reject of this.#waiting) reject(reason);
  }
}

/** Clients may write the members of an object in another order when they send it again. */
const bound = ({ caller, method, name, arguments: given }: Binding): string =>
  createHash('sha256')
    .update(canonicalJson([caller, method, name, given]))
    .digest('base64url');
