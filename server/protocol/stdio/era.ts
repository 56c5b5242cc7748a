/**
 * One era of the protocol over one connection: what stdio's endpoint hands messages to. Types only.
 */
import type { ServerEvent } from '../../events/event.ts';
import type { NotificationMessage, RequestMessage, ResponseMessage } from '../message.ts';

export interface Era {
  /** Some messages may come as one array, and are answered as one. */
  readonly hasBatches: boolean;
  /** Its clients take an error that names no request. */
  readonly hasErrorsWithoutId: boolean;
  /** Whether a connection whose first request this is speaks this era from then on. */
  isChosenBy(message: RequestMessage): boolean;
  /** The answer's text; undefined where the client has taken the request back. Rejects for programming errors only. */
  answer(message: RequestMessage): Promise<string | undefined>;
  notified(message: NotificationMessage): void;
  responded(message: ResponseMessage): void;
  tell(event: ServerEvent): void;
  /** The client says nothing more: whoever waits for it need not wait. Requests under way go on. */
  hangUp(): Promise<void>;
}

/** Writes one message to the client. */
export type Say = (text: string) => void;
