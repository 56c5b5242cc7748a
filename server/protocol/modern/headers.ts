/**
 * The headers of revision 2026-07-28 repeat what the body says, so that proxies can route without reading bodies. A
 * request whose headers are missing or say something else is refused: somebody on the way was told another thing.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Caller } from '../../toolsets/call.ts';
import type { Params } from '../message.ts';
import { checkMirrored, decodedHeader, mismatch } from '../mirrored-arguments.ts';
import type { RpcError } from '../rpc-error.ts';
import type { Table } from '../table.ts';
import { checkVersion, claimedVersion, type ModernMessage } from './envelope.ts';

/** Member of the params that the header `Mcp-Name` repeats. */
export type NameMember = 'name' | 'uri' | 'taskId';

/**
 * What a request or notification says of its revision, in `_meta`, in its header or in both. Throws RpcError: -32020
 * where the two disagree, -32022 for another revision than is spoken here.
 */
export function checkRevision(message: { readonly params: Params }, headers: IncomingHttpHeaders): void {
  const sent = headers['mcp-protocol-version'];
  const claimed = claimedVersion(message);
  if (typeof sent === 'string' && claimed !== undefined && sent !== claimed)
    throw differs('MCP-Protocol-Version', sent, claimed);
  const version = claimed ?? sent;
  if (typeof version === 'string') checkVersion(version);
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
  const named = headers['mcp-method'];
  if (typeof named !== 'string') throw missing('Mcp-Method');
  if (named !== method) throw differs('Mcp-Method', named, method);
  const name = member && params[member];
  if (typeof name !== 'string') return; // the method itself says what it lacks
  const tool = method === 'tools/call' ? table.tool(name, caller) : undefined;
  const sent = headers['mcp-name'];
  // The name of a tool that there is needs no decoding; what else is the same may be what must be encoded.
  if (sent !== name || !tool) {
    if (typeof sent !== 'string') throw missing('Mcp-Name');
    if (decodedHeader('Mcp-Name', sent) !== name) throw differs('Mcp-Name', sent, name);
  }
  if (tool?.mirrored.length) checkMirrored(tool.mirrored, params['arguments'], headers);
}

const missing = (header: string): RpcError => mismatch(header, '(missing)', 'it must repeat what the body says');

const differs = (header: string, sent: string, said: string): RpcError =>
  mismatch(header, sent, `the body says ${JSON.stringify(said.slice(0, 128))}`);
