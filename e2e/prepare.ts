/**
 * Builds once what the tests run on and no package brings: the programs of the local
 * cluster and the model engine. So that no test is skipped for want of a program, and
 * nothing long happens inside a test.
 */

import { type ProgramName, programs } from './cluster/binaries/programs.ts';
import { buildPrograms } from './cluster/binaries.ts';
import type { Progress, ProviderName } from './cluster/provider.ts';
import { buildLlamaServer } from './engines/llama-build.ts';

export async function prepare(provider: ProviderName, cache: string, progress: Progress): Promise<void> {
  const needed = provider === 'local' ? (Object.keys(programs) as ProgramName[]) : (['helm'] as const);
  await buildPrograms(needed, cache, progress);
  await buildLlamaServer(cache, progress);
}
