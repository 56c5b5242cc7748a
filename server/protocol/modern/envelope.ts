/**
 * What every request of revision 2026-07-28 carries in its `_meta`: the revision it speaks, what the client can do, and
 * who it is. Checks that these are there, and nothing that a method asks for. Must not know a transport.
 */
import type { ClientCapabilities } from '../../toolsets/call.ts';
import { isLogLevel, LOG_LEVELS } from '../log-level.ts';
import { type Id, isObject, type Params, type RequestMessage } from '../message.ts';
import { MODERN } from '../request.ts';
import { INVALID_PARAMS, RpcError, UNSUPPORTED_VERSION } from '../rpc-error.ts';

const META = 'io.modelcontextprotocol/';
const PROTOCOL_VERSION = `${META}protocolVersion`;
const CLIENT_CAPABILITIES = `${META}clientCapabilities`;
export const CLIENT_INFO = `${META}clientInfo`;
export const LOG_LEVEL = `${META}logLevel`;
export const SUBSCRIPTION_ID = `${META}subscriptionId`;
export const SERVER_INFO = `${META}serverInfo`;

export interface ModernMessage {
  readonly id: Id;
  readonly method: string;
  readonly params: Params;
  readonly meta: Params;
  /** What the client says that it speaks; perhaps not what is spoken here. */
  readonly version: string;
  readonly capabilities: ClientCapabilities;
}

/** Whether the message says which revision it speaks, as no client of an older one does. */
export const claimsVersion = ({ params }: { readonly params?: unknown }): boolean =>
  isObject(params) && isObject(params['_meta']) && PROTOCOL_VERSION in params['_meta'];

/** The revision that it says it speaks; undefined where it says nothing of it. Throws RpcError where that is no text. */
export function claimedVersion({ params }: { readonly params: Params }): string | undefined {
  const meta = params['_meta'];
  const version = isObject(meta) ? meta[PROTOCOL_VERSION] : undefined;
  if (version === undefined || typeof version === 'string') return version;
  throw lacking(PROTOCOL_VERSION, 'must be a text');
}

/** Throws RpcError where something is missing, or not what it must be. */
export function readEnvelope(message: RequestMessage): ModernMessage {
  const { id, method, params } = message;
  const meta = params['_meta'];
  if (!isObject(meta)) throw lacking('_meta', 'is missing');
  const version = claimedVersion(message);
  const capabilities = meta[CLIENT_CAPABILITIES];
  const info = meta[CLIENT_INFO];
  const level = meta[LOG_LEVEL];
  if (version === undefined) throw lacking(PROTOCOL_VERSION, 'is missing');
  if (!isObject(capabilities)) throw lacking(CLIENT_CAPABILITIES, 'must be an object');
  if (info !== undefined && !isNamed(info)) throw lacking(CLIENT_INFO, 'must have a name and a version');
  if (level !== undefined && !isLogLevel(level)) throw lacking(LOG_LEVEL, `must be one of ${LOG_LEVELS.join(', ')}`);
  return { id, method, params, meta, version, capabilities };
}

const isNamed = (info: unknown): boolean =>
  isObject(info) && typeof info['name'] === 'string' && typeof info['version'] === 'string';

/** Throws RpcError that names what is spoken here. */
export function checkVersion(version: string): void {
  if (version === MODERN) return;
  const data = { supported: [MODERN], requested: version.slice(0, 128) };
  throw new RpcError(
    UNSUPPORTED_VERSION,
    `Unsupported protocol version. This server speaks ${MODERN} here.`,
    data,
    400,
  );
}

const lacking = (key: string, problem: string): RpcError =>
  new RpcError(INVALID_PARAMS, `Invalid params: ${key} ${problem}.`, { envelope: { key, problem } }, 400);
