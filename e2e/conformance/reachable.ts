/**
 * Whether anything at a URL speaks MCP to whoever comes, asked before the suite is, which would blame the server for
 * what is not there. Judges nothing else.
 */
import { UsageError } from '../command-line.ts';

const TIMEOUT_MS = 10_000;

/** A server without this method or revision says so, which is an answer too. */
const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'conformance', version: '1' } },
};

/** Throws UsageError, which says what is there instead. `given` is how the URL is called where a person gives it. */
export async function requireMcp(given: string, url: string): Promise<void> {
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
    throw new UsageError(`${given} ${url}: give a URL that begins with http`);
  const { status, statusText, ok, headers, body } = await answer(url);
  await body?.cancel();
  const type = headers.get('content-type') ?? 'no content';
  const told = `${url} answers ${status} ${statusText} (${type})`;
  if (status === 401) throw new UsageError(`${told}: the suite has no token`);
  if (!(ok || status === 400 || status === 404) || !/json|event-stream/.test(type))
    throw new UsageError(`${told}: is it the URL of an MCP endpoint?`);
}

async function answer(url: string): Promise<Response> {
  try {
    return await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      body: JSON.stringify(INITIALIZE),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (error) {
    const { message, cause } = error as Error;
    const { message: reason, code } = (cause ?? {}) as { readonly message?: string; readonly code?: string };
    throw new UsageError(`${url} does not answer: ${reason || code || message}`);
  }
}
