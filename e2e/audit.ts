/**
 * Follows the API server's audit log: who asked for what, when, and what came of it.
 * The one judge of how many writes a component makes and which rights it uses.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

export interface Request {
  readonly user: string;
  /** The pod whose token was shown; '' for others. */
  readonly pod: string;
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly code: number;
  /** Whether the user may do this; a request that is allowed may be answered 403 for other reasons. */
  readonly allowed: boolean;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
  readonly answeredAt: number;
}

interface AuditEvent {
  readonly stage: string;
  readonly verb: string;
  readonly user?: {
    readonly username?: string;
    readonly extra?: Readonly<Record<string, readonly string[]>>;
  };
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource?: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code?: number };
  readonly annotations?: Readonly<Record<string, string>>;
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
}

const WRITES: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);

export const isWrite = (request: Request): boolean => WRITES.has(request.verb);

export interface AuditFollower extends Disposable {
  /** Requests that were answered since the last call; a watch counts when it begins. */
  read(): readonly Request[];
}

/** Follows from the present end of the file, or from its beginning. */
export function followAudit(file: string, from: 'end' | 'beginning' = 'end'): AuditFollower {
  const descriptor = openSync(file, 'r');
  const chunk = Buffer.alloc(4 << 20);
  let offset = from === 'end' ? fstatSync(descriptor).size : 0;
  let rest = '';

  function read(): readonly Request[] {
    const requests: Request[] = [];
    for (;;) {
      const length = readSync(descriptor, chunk, 0, chunk.length, offset);
      if (length === 0) return requests;
      offset += length;
      const lines = (rest + chunk.toString('latin1', 0, length)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (line === '') continue;
        const event = JSON.parse(line) as AuditEvent;
        const counts = event.verb === 'watch' ? event.stage === 'ResponseStarted' : event.stage === 'ResponseComplete';
        if (counts) requests.push(toRequest(event));
      }
    }
  }
  return { read, [Symbol.dispose]: () => closeSync(descriptor) };
}

function toRequest(event: AuditEvent): Request {
  const object = event.objectRef ?? {};
  return {
    user: event.user?.username ?? '',
    pod: event.user?.extra?.['authentication.kubernetes.io/pod-name']?.[0] ?? '',
    verb: event.verb,
    group: object.apiGroup ?? '',
    resource: object.resource ?? '',
    subresource: object.subresource ?? '',
    namespace: object.namespace ?? '',
    name: object.name ?? '',
    code: event.responseStatus?.code ?? 0,
    allowed: event.annotations?.['authorization.k8s.io/decision'] === 'allow',
    receivedAt: Date.parse(event.requestReceivedTimestamp),
    answeredAt: Date.parse(event.stageTimestamp),
  };
}
