/**
 * What toolsets publish, held against what they said that they would: clients are told of nothing else, so an event that
 * nobody announced would be lost in silence. Must not know who publishes.
 */
import type { Logger } from 'pino';
import type { ServerEvent } from '../events/event.ts';
import type { Needs } from './table.ts';

/** Passes every event on, and logs the first of each type that no toolset has announced. */
export function announced(
  publish: (event: ServerEvent) => void,
  announcedTypes: Needs['publishes'],
  log: Logger,
): (event: ServerEvent) => void {
  const known = new Set<string>([...announcedTypes, 'all', 'task']);
  return (event) => {
    if (!known.has(event.type)) {
      known.add(event.type);
      log.error({ type: event.type }, 'an event reaches nobody, because no toolset says so in needs.publishes');
    }
    publish(event);
  };
}
