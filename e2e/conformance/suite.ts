/**
 * One run of the official conformance suite's own program against a URL, and what it found, check by check. Knows how
 * that program is called and where it writes; judges nothing.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';

export interface Check {
  readonly id: string;
  readonly status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO';
  readonly errorMessage?: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** What one scenario found. */
export interface Finding {
  readonly scenario: string;
  readonly checks: readonly Check[];
}

export interface SuiteRun {
  /** The suite's program. */
  readonly program: string;
  readonly url: string;
  /** Which scenarios, as its command line takes them. */
  readonly args: readonly string[];
  readonly timeoutMs: number;
}

/** The folder in which the program left one scenario's result. */
const RESULT = /^server-(?<scenario>.+)-\d{4}-\d{2}-\d{2}T[\d-]+Z$/;

/** Findings in the order in which the scenarios ran. Throws when the program fails for another reason than a check. */
export async function runSuite({ program, url, args, timeoutMs }: SuiteRun): Promise<readonly Finding[]> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-fleet-conformance-'));
  try {
    const { code, output } = await execute([program, 'server', '--url', url, ...args, '-o', folder], timeoutMs);
    const findings = await findingsIn(folder);
    const failed = findings.some(({ checks }) => checks.some(({ status }) => status === 'FAILURE'));
    if (code !== 0 && !failed) throw new Error(`the conformance suite ended with ${code}: ${output.slice(-2000)}`);
    return findings;
  } finally {
    await rm(folder, { recursive: true });
  }
}

function execute(args: readonly string[], timeout: number): Promise<{ code: number | string; output: string }> {
  const options = { timeout, maxBuffer: 256 << 20 };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      if (error?.killed === true) reject(new Error(`the conformance suite did not end within ${timeout} ms`));
      else resolve({ code: error ? (error.code ?? 'a signal') : 0, output: `${stdout}${stderr}` });
    });
  });
}

async function findingsIn(folder: string): Promise<readonly Finding[]> {
  const timed = (name: string): string => name.slice(-'2026-01-01T00-00-00-000Z'.length);
  const names = (await readdir(folder)).sort((a, b) => timed(a).localeCompare(timed(b)));
  return Promise.all(
    names.map(async (name) => ({
      scenario: RESULT.exec(name)?.groups?.['scenario'] ?? name,
      checks: JSON.parse(await readFile(join(folder, name, 'checks.json'), 'utf8')) as readonly Check[],
    })),
  );
}

export async function suiteVersion(program: string): Promise<string> {
  return (await execute([program, '--version'], 20_000)).output.trim();
}

/** Scenarios that a server of this revision must pass: the list that the suite itself brings. */
export async function requiredScenarios(program: string, revision: string): Promise<readonly string[]> {
  const file = join(dirname(program), '..', 'requirements', `${revision}.yaml`);
  const { server } = parse(await readFile(file, 'utf8')) as { readonly server: readonly string[] };
  return server;
}
