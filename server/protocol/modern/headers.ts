/**
 * The headers of revision 2026-07-28 repeat what the body says, so that proxies can route without reading bodies. A
 * request whose headers are missing or say something else is refused: somebody on the way was told another thing.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Caller } from '../../toolsets/call.ts';
import { checkMirrored, decodedHeader, mismatch } from '../mirrored-arguments.ts';
import type { RpcError } from '../rpc-error.ts';
import type { Table } from '../table.ts';
import type { ModernMessage } from './envelope.ts';

/** Member of the params that the header `Mcp-Name` repeats. */
export type NameMember = 'name' | 'uri' | 'taskId';

/** Throws RpcError with -32020. */
export function checkVersionHeader({ version, method }: ModernMessage, headers: IncomingHttpHeaders): void {
  const sent = headers['mcp-protocol-version'];
  if (typeof sent === 'string' && sent !== version) throw differs('MCP-Protocol-Version', sent, version);
  const named = headers['mcp-method'];
  if (named !== undefined && named !== method) throw differs('Mcp-Method', String(named), method);
}

/** Throws RpcError with -32020. `member` is what the method names; `table` knows the caller's tools. */
export function checkHeaders(
  { method, params }: ModernMessage,
  headers: IncomingHttpHeaders,
  member: NameMember | undefined,
  table: Table,
  caller: Caller,
): void {
  if (headers['mcp-protocol-version'] === undefined) throw missing('MCP-Protocol-Version');
  if (headers['mcp-method'] === undefined) throw missing('Mcp-Method');
  const name = member && params[member];
  if (typeof name !== 'string') return; // the method itself says what it lacks
  const sent = headers['mcp-name'];
  if (sent !== name) {
    if (typeof sent !== 'string') throw missing('Mcp-Name');
    const decoded = decodedHeader(sent.trim());
    if (decoded === undefined) throw mismatch('Mcp-Name', sent, 'it is not valid Base64 of UTF-8');
    if (decoded !== name) throw differs('Mcp-Name', sent, name);
  }
  const mirrored = method === 'tools/call' ? table.tool(name, caller)?.mirrored : undefined;
  if (mirrored?.length) checkMirrored(mirrored, params['arguments'], headers);
}

const missing = (header: string): RpcError => mismatch(header, '(missing)', 'it must repeat what the body says');

const differs = (header: string, sent: string, said: string): RpcError =>
  mismatch(header, sent, `the body says ${JSON.stringify(said.slice(0, 128))}`);
