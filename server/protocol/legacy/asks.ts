/**
 * Requests from the server to the client within one conversation, until their answers come. Must not know how either
 * travels.
 */

import { type Id, isObject, notificationText, type ResponseMessage, requestText } from '../message.ts';
import type { Question } from '../request.ts';
import { INTERNAL_ERROR, RpcError } from '../rpc-error.ts';

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** More questions at once are a tool gone wild, or one call too many that waits for the same user. */
const MAX_OPEN = 64;
const MAX_MESSAGE = 500;

export class Asks {
  readonly #open = new Map<Id, Waiting>();
  #next = 1;

  /** Rejects with the client's error as RpcError, or with the reason of `signal`, after telling the client. */
  ask({ method, params }: Question, signal: AbortSignal, say: (text: string) => void): Promise<unknown> {
    if (this.#open.size >= MAX_OPEN) return Promise.reject(new Error('too many questions to one client at once'));
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    const id = `ask-${this.#next}`;
    this.#next += 1;
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.#open.delete(id);
        signal.removeEventListener('abort', cancel);
      };
      const cancel = (): void => {
        end();
        say(notificationText('notifications/cancelled', { requestId: id, reason: 'no longer needed' }));
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', cancel, { once: true });
      this.#open.set(id, {
        resolve: (result) => (end(), resolve(result)),
        reject: (error) => (end(), reject(error)),
      });
      say(requestText(id, method, params));
    });
  }

  /** False where nobody waits for this answer. */
  settle({ id, result, error }: ResponseMessage): boolean {
    const waiting = this.#open.get(id);
    if (!waiting) return false;
    if (error === undefined) waiting.resolve(result);
    else waiting.reject(clientError(error));
    return true;
  }

  /** Nobody will answer any more. */
  close(reason: Error): void {
    for (const waiting of this.#open.values()) waiting.reject(reason);
  }
}

function clientError(error: unknown): RpcError {
  const { code, message } = isObject(error) ? error : {};
  const told = typeof message === 'string' ? message.slice(0, MAX_MESSAGE) : 'no reason given';
  return new RpcError(Number.isSafeInteger(code) ? (code as number) : INTERNAL_ERROR, `The client answered: ${told}`);
}
