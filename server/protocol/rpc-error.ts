/**
 * A JSON-RPC error as a value to throw: code, a message that is safe for clients, data. Whatever carries the protocol
 * reads `code` and `data` from it. Must not know a transport.
 */
export const PARSE_ERROR = -32700;
export const INVALID_REQUEST = -32600;
export const METHOD_NOT_FOUND = -32601;
export const INVALID_PARAMS = -32602;
export const INTERNAL_ERROR = -32603;
/**
 * The code that older clients know for refusals without a JSON-RPC request, such as of a Host: they are made before
 * anything is read that tells the revision. 2026-07-28 calls -32000 to -32019 legacy, without a meaning of their own; no
 * other code belongs there.
 */
export const REFUSED = -32000;
/** Revision 2026-07-28: a header does not say what the body says. */
export const HEADER_MISMATCH = -32020;
/** Revision 2026-07-28: the client cannot do what the request needs. */
export const MISSING_CAPABILITY = -32021;
/** Revision 2026-07-28: a revision that is not spoken here. */
export const UNSUPPORTED_VERSION = -32022;

export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly code: number;
  readonly data: unknown;
  /** Status of an answer over HTTP; 200 without it. */
  readonly httpStatus: number | undefined;

  constructor(code: number, message: string, data?: unknown, httpStatus?: number) {
    super(message);
    this.code = code;
    this.data = data;
    this.httpStatus = httpStatus;
  }
}

/** The caller lacks rights for what it asked. Thrown before anything of it is done. */
export class ScopeRequired extends Error {
  override readonly name = 'ScopeRequired';
  /** All that the operation needs. */
  readonly scopes: readonly string[];

  constructor(scopes: readonly string[]) {
    super(`This needs the scope ${scopes.join(' ')}.`);
    this.scopes = scopes;
  }
}

/** There is no such resource. Revisions before 2026-07-28 have a code of their own for it. */
export class ResourceNotFound extends RpcError {
  constructor(uri: string) {
    const told = uri.slice(0, 512);
    const message = `There is no resource ${told}. resources/list names those that there are.`;
    super(INVALID_PARAMS, message, { uri: told });
  }
}
