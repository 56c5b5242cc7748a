/**
 * Which addresses no backend may have: link-local ones and the metadata services of
 * clouds, which hand credentials to whoever asks. Judged when a connection is made, on
 * the addresses that are then used, so that a changed DNS answer changes nothing.
 */
import { type LookupAddress, lookup as resolve } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

const FORBIDDEN = new BlockList();
FORBIDDEN.addSubnet('169.254.0.0', 16, 'ipv4');
FORBIDDEN.addSubnet('fe80::', 10, 'ipv6');
/** Amazon's metadata service over IPv6. */
FORBIDDEN.addSubnet('fd00:ec2::', 32, 'ipv6');
/** 169.254.0.0/16 behind NAT64 (RFC 6052). */
FORBIDDEN.addSubnet('64:ff9b::a9fe:0', 112, 'ipv6');
/** Alibaba's, Oracle's and Azure's services outside the link-local range. */
FORBIDDEN.addAddress('100.100.100.200', 'ipv4');
FORBIDDEN.addAddress('192.0.0.192', 'ipv4');
FORBIDDEN.addAddress('168.63.129.16', 'ipv4');

const FORBIDDEN_NAMES: ReadonlySet<string> = new Set([
  'metadata',
  'metadata.google.internal',
  'metadata.goog',
  'instance-data',
  'instance-data.ec2.internal',
]);

export class ForbiddenAddressError extends Error {
  override readonly name = 'ForbiddenAddressError';
  constructor(host: string) {
    super(`${host} is a link-local or metadata address, which is refused`);
  }
}

/** Whether a name or an IP address (with or without brackets) is refused before any lookup. */
export function isForbiddenHost(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
  const family = isIP(bare);
  if (family === 0) return FORBIDDEN_NAMES.has(bare.replace(/\.$/, ''));
  return FORBIDDEN.check(bare, family === 4 ? 'ipv4' : 'ipv6');
}

/** Resolves all addresses of a name; part of what a test replaces. */
export type Resolve = (
  host: string,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

const resolveAll: Resolve = (host, callback) => resolve(host, { all: true }, callback);

/** A lookup for sockets that fails if any address of the name is refused; the socket uses the addresses it gave. */
export function guardedLookup(resolveName: Resolve = resolveAll): LookupFunction {
  return (host, options, callback) => {
    resolveName(host, (error, addresses) => {
      const first = addresses?.[0];
      if (error !== null || first === undefined) {
        callback(error ?? Object.assign(new Error('no address'), { code: 'ENOTFOUND' }), '');
      } else if (addresses.some(({ address }) => isForbiddenHost(address))) {
        callback(new ForbiddenAddressError(host), '');
      } else if (options.all === true) {
        callback(null, addresses);
      } else {
        callback(null, first.address, first.family);
      }
    });
  };
}
