/**
 * Failures of the Kubernetes API as values a controller can branch on: the Status object the API server answers with,
 * parsed once, and predicates over it. No response body is kept beyond the bounded message, so nothing secret leaks.
 */

/** One cause of a refusal, e.g. the field a validation rejects. */
export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}
export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** The meta/v1 Status of a refused request. */
export class KubeError extends Error {
  override readonly name = 'KubeError';
  /** HTTP status code. */
  readonly code: number;
  /** Machine-readable, e.g. NotFound, Conflict, Expired, Invalid. */
  readonly reason: string;
  readonly details: StatusDetails;
  readonly retryAfterMs: number | undefined;

  constructor(code: number, reason: string, message: string, details: StatusDetails = {}, retryAfterMs?: number) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
    this.retryAfterMs =
      retryAfterMs ?? (details.retryAfterSeconds === undefined ? undefined : details.retryAfterSeconds * 1000);
  }
}

/** Of a reconcile that can never succeed as things are: logged and counted, not retried until the object changes. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';
}

/** Thrown instead of a write when this process no longer is the leader. */
export class NotLeaderError extends Error {
  override readonly name = 'NotLeaderError';
}

const is = (error: unknown, code: number, ...reasons: readonly string[]): error is KubeError =>
  error instanceof KubeError && error.code === code && (reasons.length === 0 || reasons.includes(error.reason));

export const isNotFound = (error: unknown): error is KubeError => is(error, 404);
export const isForbidden = (error: unknown): error is KubeError => is(error, 403);
export const isAlreadyExists = (error: unknown): error is KubeError => is(error, 409, 'AlreadyExists');
/** A failed precondition or a field owned by another manager. */
export const isConflict = (error: unknown): error is KubeError => is(error, 409, 'Conflict');
/** The requested version is too old: list again. */
export const isGone = (error: unknown): error is KubeError => is(error, 410);
export const isInvalid = (error: unknown): error is KubeError => is(error, 422) || is(error, 400);
/** How long the API server asked to wait, in ms. */
export const retryAfterMs = (error: unknown): number | undefined =>
  error instanceof KubeError ? error.retryAfterMs : undefined;

/** A mistake in this program rather than in the world: such an error must end the process. */
export function isProgrammingError(error: unknown): boolean {
  return (
    error instanceof TypeError ||
    error instanceof ReferenceError ||
    error instanceof RangeError ||
    (error instanceof Error && 'code' in error && error.code === 'ERR_ASSERTION')
  );
}

const maxMessage = 2048;
const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** Reads a Status object, or whatever else came, into an error. `body` may be anything. */
export function errorFromStatus(body: unknown, httpCode: number, retryAfter?: number): KubeError {
  const status = (typeof body === 'object' && body !== null ? body : {}) as Readonly<Record<string, unknown>>;
  const isStatus = status['kind'] === 'Status';
  const code = isStatus && typeof status['code'] === 'number' ? status['code'] : httpCode;
  const message = (isStatus ? text(status['message']) : undefined) ?? `the API server answered ${httpCode}`;
  const details =
    isStatus && typeof status['details'] === 'object' && status['details'] !== null ? status['details'] : {};
  return new KubeError(
    code,
    (isStatus ? text(status['reason']) : undefined) ?? `HTTP${httpCode}`,
    message.slice(0, maxMessage),
    details,
    retryAfter,
  );
}
