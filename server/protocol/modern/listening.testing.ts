/** A client of `subscriptions/listen` over plain HTTP, for tests. */
import { expect } from 'vitest';
import { post } from '../clients.testing.ts';

export type Message = Record<string, unknown>;

export interface Listening {
  readonly messages: Message[];
  readonly ended: Promise<void>;
  leave(): void;
}

/** Opens a stream, and waits for its first message. */
export async function listenAt(url: string, notifications: object, meta: object = {}): Promise<Listening> {
  const response = await post(url, 'subscriptions/listen', { notifications, _meta: meta });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  const messages: Message[] = [];
  let text = '';
  const read = async (): Promise<void> => {
    for (;;) {
      const { done = true, value = '' } = (await reader?.read().catch(() => undefined)) ?? {};
      if (done) return;
      text += value;
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const data = /^data: (.*)$/m.exec(text.slice(0, end))?.[1];
        if (data !== undefined) messages.push(JSON.parse(data) as Message);
        text = text.slice(end + 2);
      }
    }
  };
  const ended = read();
  await expect.poll(() => messages.length).toBeGreaterThan(0);
  return { messages, ended, leave: () => void reader?.cancel() };
}
