/**
 * Keeps one object alive that Node makes for each `process.nextTick`. V8 forgets the shape of objects of which none is
 * left when it collects garbage, and Node's code that makes these then runs ten times slower for the rest of the
 * process, which is a tenth of the time of a short call. Knows nothing of what runs.
 */
import { executionAsyncResource } from 'node:async_hooks';

let kept: object | undefined;

/** Once in a process, before its first full garbage collection. */
export function keepTickShape(): void {
  process.nextTick(() => {
    kept ??= executionAsyncResource();
  });
}
