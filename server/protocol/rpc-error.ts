/**
 * A JSON-RPC error as a value to throw: code, a message that is safe for clients, data. Whatever carries the protocol
 * reads `code` and `data` from it. Must not know a transport.
 */
export const PARSE_ERROR = -32700;
export const INVALID_REQUEST = -32600;
export const INVALID_PARAMS = -32602;
export const INTERNAL_ERROR = -32603;
/** For answers that have no JSON-RPC request, such as a refused Host; in the range that the specification left to servers. */
export const REFUSED = -32000;

export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly code: number;
  readonly data: unknown;

  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.code = code;
    this.data = data;
  }
}
