/**
 * What it costs to know who calls: a token that was judged a moment ago, which is nearly every call, and one that is
 * new. Runs the product's authenticator in a process of its own, beside the usual library alone.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command } from '#e2e/cluster/command.ts';
import { nodeFlags } from '../images/images.ts';
import { type Definitions, median, type Report, report } from './figures.ts';
import { openArena } from './http/arena.ts';
import { pinned } from './http/processors.ts';
import type { AuthPlan, AuthTimes } from './http/subject-auth.ts';

export const authFigures: Definitions = {
  verify_cached_us: { unit: 'us', bar: { atMost: 2 }, measures: 'a token that was judged a moment ago' },
  verify_us: { unit: 'us', bar: { none: true }, measures: 'a new token, signed with RS256' },
};

const TOKENS_A_ROUND = 1_000;

export async function auth(rounds: number, progress: (line: string) => void): Promise<Report> {
  await using arena = await openArena(progress);
  const { issuer, programs } = arena;
  const data = mkdtempSync(join(tmpdir(), 'mcp-fleet-auth-'));
  try {
    const tokens: string[] = [];
    // The first round warms the process up and is left out.
    const count = (rounds + 1) * TOKENS_A_ROUND;
    for (let at = 0; at < count; at += 1) tokens.push(await issuer.token(`caller-${at}`));
    progress(`${count} tokens signed`);
    const file = join(data, 'plan.json');
    const plan: AuthPlan = { auth: issuer.auth, jwksUri: issuer.jwksUri, tokens, rounds: rounds + 1 };
    writeFileSync(file, JSON.stringify(plan));
    const line = pinned('server', [process.execPath, ...nodeFlags('server'), join(programs, 'auth.mjs'), file]);
    const said = await command(line[0] ?? '', line.slice(1), { timeout: 300_000 });
    const times = JSON.parse(said.trimEnd().split('\n').at(-1) ?? '') as AuthTimes;
    const measured = (name: keyof AuthTimes): number[] => times[name].slice(1);
    return report('auth', rounds, authFigures, {
      verify_cached_us: { rounds: measured('cached') },
      verify_us: { rounds: measured('verify'), peer: { jose: Number(median(measured('jose')).toFixed(1)) } },
    });
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}
