/**
 * What a failed exchange means: errors of sockets, TLS, DNS and the HTTP client as
 * BackendErrors. Must not know any protocol above HTTP. Messages name the origin only.
 */
import { ForbiddenAddressError } from './address-guard.ts';
import { BackendError, type BackendErrorReason } from './backend.ts';

type Meaning = readonly [reason: BackendErrorReason, sentence: string];

const BY_CODE: Readonly<Record<string, Meaning>> = {
  ECONNREFUSED: ['ConnectionRefused', 'refused the connection'],
  ENOTFOUND: ['ConnectionRefused', 'has a host name that does not resolve'],
  EAI_AGAIN: ['ConnectionRefused', 'has a host name that could not be resolved now'],
  ENETUNREACH: ['ConnectionRefused', 'is not reachable from here (no route to the network)'],
  EADDRNOTAVAIL: ['ConnectionRefused', 'cannot be connected to from this address'],
  // Nobody answers for the address: it depends on the moment which of these says so, and they must read the same.
  EHOSTUNREACH: ['Timeout', 'did not accept a connection in time'],
  ETIMEDOUT: ['Timeout', 'did not accept a connection in time'],
  UND_ERR_CONNECT_TIMEOUT: ['Timeout', 'did not accept a connection in time'],
  EPROTO: ['TLSFailed', 'does not speak TLS as expected'],
  UND_ERR_PRX_TLS: ['TLSFailed', 'is behind a proxy whose certificate is not valid'],
  UND_ERR_PRX_CONN: ['Unavailable', 'is behind a proxy that closed the connection'],
  UND_ERR_SOCKET: ['Unavailable', 'closed the connection before its answer was complete'],
  ECONNRESET: ['Unavailable', 'reset the connection before its answer was complete'],
  EPIPE: ['Unavailable', 'closed the connection before its answer was complete'],
  UND_ERR_HEADERS_OVERFLOW: ['BadResponse', 'sent too many response headers'],
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: ['BadResponse', 'sent a body of another length than announced'],
  UND_ERR_DESTROYED: ['Aborted', 'is no longer in use'],
  UND_ERR_CLOSED: ['Aborted', 'is no longer in use'],
  UND_ERR_INVALID_ARG: ['BadRequest', 'cannot be sent this request: a header or the URL is not valid'],
};

const TLS_CODE = /^(CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA)/;

/** The code of an error, or of the first within it that has one. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  if ('code' in error && typeof error.code === 'string') return error.code;
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return codeOf(error.cause);
}

/** Whether a connection died without a byte of an answer, as one kept open does when the other side had closed it. */
export function isStaleConnection(error: unknown): boolean {
  return ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'].includes(codeOf(error));
}

export function failureOf(error: unknown, origin: string): BackendError {
  if (error instanceof BackendError) return error;
  if (error instanceof ForbiddenAddressError) {
    return new BackendError('ConnectionRefused', `${origin}: ${error.message}`, { cause: error });
  }
  const code = codeOf(error);
  const known = BY_CODE[code];
  if (known !== undefined) return new BackendError(known[0], `${origin} ${known[1]}`, { cause: error });
  if (TLS_CODE.test(code)) {
    return new BackendError('TLSFailed', `${origin} has a certificate that is not accepted (${code})`, {
      cause: error,
    });
  }
  if (error instanceof Error && error.name === 'HTTPParserError') {
    return new BackendError('BadResponse', `${origin} does not speak HTTP as expected`, { cause: error });
  }
  return new BackendError('Unavailable', `${origin} could not be asked${code === '' ? '' : ` (${code})`}`, {
    cause: error,
  });
}

/** What an aborted signal means: a deadline (AbortSignal.timeout) or the wish of the caller. */
export function abortFailure(signal: AbortSignal, origin: string): BackendError {
  const reason: unknown = signal.reason;
  if (reason instanceof BackendError) return reason;
  if (reason instanceof Error && reason.name === 'TimeoutError') {
    return new BackendError('Timeout', `${origin} did not answer within the caller's deadline`, { cause: reason });
  }
  return new BackendError('Aborted', `the request to ${origin} was given up`, { cause: reason });
}
