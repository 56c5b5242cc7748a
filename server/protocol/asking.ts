/**
 * The questions of one run to its client: asked at once where the request's revision waits for answers, else in rounds,
 * for which the run ends and begins again. Must not know a transport.
 */
import { ToolError } from '../toolsets/toolset.ts';
import type { Operation } from './operation.ts';
import { type Asked, missingCapability } from './questions.ts';
import { type Answers, type InputRequired, MODERN, type Request } from './request.ts';
import { givenAnswers, Rounds } from './rounds.ts';
import { MISSING_CAPABILITY, RpcError } from './rpc-error.ts';
import type { Sealer } from './sealing.ts';

export interface AskingOptions {
  readonly request: Request;
  readonly operation: Operation;
  readonly sealer: Sealer;
  /** Some toolset says that it asks; without that, clients open no session in which they could be asked. */
  readonly asks: boolean;
  /** What the request asks with; without it nothing can be asked back. */
  readonly given: unknown;
  readonly signal: () => AbortSignal;
  /** Ends the run with questions for another round. */
  readonly suspend: (required: InputRequired) => void;
}

export class Asking {
  readonly #options: AskingOptions;
  readonly #keys = new Set<string>();
  #rounds: Rounds | undefined;

  /** Throws RpcError where the request brought answers that do not belong to it. */
  constructor(options: AskingOptions) {
    this.#options = options;
    const { given, request } = options;
    if (request.answers && given !== undefined) this.#rounds = this.#openRounds(request.answers);
  }

  ask<Answer>(key: string, asked: Asked<Answer>): Promise<Answer> {
    const answer = this.#answerTo(key, asked);
    answer.catch(() => undefined); // a tool may wait for only one of several
    return answer;
  }

  async #answerTo<Answer>(key: string, { question, read }: Asked<Answer>): Promise<Answer> {
    const { request, given, operation, asks, signal } = this.#options;
    if (!asks) throw new Error('a tool asks, but no toolset says needs.asks');
    if (this.#keys.has(key)) throw new Error(`two questions of one call have the key ${key}`);
    this.#keys.add(key);
    if (request.standsAlone)
      throw new ToolError('This asks the user or the client, for which the client must open a session.');
    const requiredCapabilities = missingCapability(question, request.client.capabilities);
    if (requiredCapabilities) {
      const message = `This client cannot be asked by ${question.method}, which this needs.`;
      if (request.revision !== MODERN) throw new ToolError(message);
      throw new RpcError(MISSING_CAPABILITY, message, { requiredCapabilities }, 400);
    }
    if (!request.ask) {
      if (given === undefined) throw new Error(`${operation.method} cannot ask the client`);
      this.#rounds ??= this.#openRounds({});
      return this.#rounds.ask(key, question, read);
    }
    const answer = read(await request.ask(question, signal(), key));
    if (answer === undefined)
      throw new ToolError(`The client's answer to ${question.method} does not fit the question.`);
    return answer;
  }

  #openRounds(answers: Answers): Rounds {
    const { request, operation, sealer, given, suspend } = this.#options;
    const { method, name = '' } = operation;
    const binding = { caller: request.caller.id, method, name, arguments: given };
    return new Rounds({ given: givenAnswers(answers, sealer, binding), sealer, binding, suspend });
  }
}
