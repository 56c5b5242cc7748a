/**
 * What a server tells its subscribers, and the bus that carries it. The bus of this file reaches the listeners of one
 * process; others reach further and deliver through it. Must not know who listens or which protocol they speak.
 */

/**
 * A list has changed, the content of one resource, or a task of the extension Tasks. `all` says that events may have
 * been lost, so everything that somebody watches may have changed: each subscriber is told all that it asked for.
 */
export type ServerEvent =
  | { readonly type: 'tools' | 'prompts' | 'resources' | 'all' }
  | { readonly type: 'resource'; readonly uri: string }
  | { readonly type: 'task'; readonly id: string };

/** The same for events that say the same. */
export function keyOf(event: ServerEvent): string {
  if (event.type === 'resource') return `resource ${event.uri}`;
  return event.type === 'task' ? `task ${event.id}` : event.type;
}

export type Listener = (event: ServerEvent) => void;

export interface EventBus {
  /** Never waits and never throws: listeners here are called at once, other processes hear of it soon. */
  publish(event: ServerEvent): void;
  /** Gives back what ends the subscription. */
  subscribe(listener: Listener): () => void;
  /** Whether other processes are heard and reached now, as far as is known; always true where there are none. */
  ready(): boolean;
  /** Sends what is still to be sent, as far as that goes, and ends the connections. */
  close(): Promise<void>;
}

/** A bus within this process. A listener that throws is a programming error and ends the process. */
export function createLocalBus(): EventBus {
  const listeners = new Set<Listener>();
  return {
    publish(event) {
      for (const listener of listeners) listener(event);
    },
    subscribe(listener) {
      // A function of its own, so that one listener can subscribe twice.
      const own: Listener = (event) => listener(event);
      listeners.add(own);
      return () => void listeners.delete(own);
    },
    ready: () => true,
    close: async () => listeners.clear(),
  };
}
