/** A call for tests of tools that are run without a server around them: nobody can be asked, and nobody listens. */

import { pino } from 'pino';
import type { Call } from './call.ts';

/** `over` replaces members. */
export function testCall<Deps>(deps: Deps, over: Partial<Call<Deps>> = {}): Call<Deps> {
  const nobody = (): Promise<never> => Promise.reject(new Error('there is nobody to ask in this test'));
  return {
    deps,
    caller: { id: 'ann' },
    client: { capabilities: {} },
    signal: new AbortController().signal,
    log: pino({ level: 'silent' }),
    progress: () => undefined,
    message: () => undefined,
    notify: () => undefined,
    detach: () => Promise.resolve(),
    elicit: nobody,
    elicitUrl: nobody,
    sample: nobody,
    roots: nobody,
    ...over,
  };
}
