/**
 * Asks a server what every MCP client asks first – `server/discover`, then `tools/list` – in the form of the revision
 * 2026-07-28, and says what came back. Each request has its own deadline. Whatever answers is taken for hostile: sizes,
 * depths, lengths and counts are bounded, and nothing it says is shown unshortened.
 */
import { errors } from 'undici';
import { MAX_STATUS_TOOLS } from '#crds/mcpserver-status.ts';
import { isObject } from '#models/json.ts';
import { printable } from '#operator/workload/printable.ts';
import type { Finding, Tool } from './finding.ts';
import { HandshakeError, type Mcp, TokenRequired } from './mcp.ts';
import { describedTools } from './tools.ts';

/** Of one request, in ms. */
export const DEADLINE_MS = 5_000;
const MAX_PAGES = 32;
const MAX_VERSIONS = 16;
const SERVER_INFO = 'io.modelcontextprotocol/serverInfo';

/**
 * How the kernel says that nobody answers for an address. Which of these comes, or whether our own deadline is first,
 * changes from try to try, so they are one finding: a status that told them apart would be written again and again.
 */
const NOBODY_ANSWERS: ReadonlySet<string> = new Set(['EHOSTUNREACH', 'ETIMEDOUT']);

/** Never rejects for what a server does; rejects with the signal's reason when that aborts. */
export async function handshake(mcp: Mcp, signal: AbortSignal): Promise<Finding> {
  try {
    const discovered = await within('server/discover', signal, (deadline) => mcp.ask('server/discover', {}, deadline));
    const described = identity(discovered);
    return { outcome: 'Answered', ...described, tools: await listTools(mcp, signal) };
  } catch (error) {
    signal.throwIfAborted();
    return failure(error);
  }
}

async function listTools(mcp: Mcp, signal: AbortSignal): Promise<readonly Tool[]> {
  const listed: unknown[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const params = cursor === undefined ? {} : { cursor };
    const answer = await within('tools/list', signal, (deadline) => mcp.ask('tools/list', params, deadline));
    if (!Array.isArray(answer['tools'])) throw new HandshakeError('tools/list was answered without a list of tools.');
    listed.push(...(answer['tools'] as unknown[]).slice(0, MAX_STATUS_TOOLS));
    const next = answer['nextCursor'];
    if (typeof next !== 'string' || listed.length >= MAX_STATUS_TOOLS) break;
    cursor = next;
  }
  return describedTools(listed);
}

class Overdue extends Error {}

/** One request with its deadline. */
async function within<T>(what: string, signal: AbortSignal, ask: (deadline: AbortSignal) => Promise<T>): Promise<T> {
  const late = AbortSignal.timeout(DEADLINE_MS);
  try {
    return await ask(AbortSignal.any([signal, late]));
  } catch (error) {
    if (late.aborted) throw new Overdue(`${what} was not answered within ${DEADLINE_MS / 1000} s.`);
    throw error;
  }
}

function identity(answer: Readonly<Record<string, unknown>>) {
  const versions = answer['supportedVersions'];
  if (!Array.isArray(versions) || versions.length === 0 || !versions.every((version) => typeof version === 'string')) {
    throw new HandshakeError('server/discover was answered without supportedVersions.');
  }
  const meta = isObject(answer['_meta']) ? answer['_meta'] : {};
  const info = isObject(meta[SERVER_INFO]) ? meta[SERVER_INFO] : {};
  const text = (value: unknown): string => (typeof value === 'string' ? printable(value, 128) : '');
  return {
    versions: versions.slice(0, MAX_VERSIONS).map((version) => printable(version, 32)),
    serverName: text(info['name']),
    version: text(info['version']),
  };
}

function failure(error: unknown): Finding {
  if (error instanceof TokenRequired) return { outcome: 'Guarded' };
  if (error instanceof Overdue) return { outcome: 'Timeout', message: error.message };
  if (error instanceof HandshakeError) return { outcome: 'HandshakeFailed', message: error.message };
  // The code of a network failure says enough; its message may hold what the other side sent.
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  if (error instanceof errors.ConnectTimeoutError || (code !== undefined && NOBODY_ANSWERS.has(code)))
    return { outcome: 'Timeout', message: 'No connection to the Service.' };
  if (code === undefined) throw error;
  return { outcome: 'HandshakeFailed', message: `The connection to the Service failed (${printable(code, 64)}).` };
}
