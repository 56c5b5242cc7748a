/**
 * Where a request comes from: the address of its connection, unless that is a proxy that the operator of the server
 * trusts; then the last address in X-Forwarded-For that no trusted proxy has. Whatever a client writes in front of that
 * is believed by nobody. Must not know what the address is used for.
 */
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv6 } from 'node:net';

/** Empty where the connection is gone. */
export type AddressOf = (request: Pick<IncomingMessage, 'socket' | 'headers'>) => string;

/** More proxies in a row than anybody has. */
const MAX_HOPS = 16;

/** `trusted`: addresses and ranges (CIDR). */
export function clientAddress(trusted: readonly string[]): AddressOf {
  const ofSocket: AddressOf = ({ socket }) => plain(socket.remoteAddress ?? '');
  if (trusted.length === 0) return ofSocket;
  const proxies = listOf(trusted);
  const isProxy = (address: string): boolean =>
    isIP(address) !== 0 && proxies.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
  return (request) => {
    let address = ofSocket(request);
    const named = request.headers['x-forwarded-for'];
    if (typeof named !== 'string' || !isProxy(address)) return address;
    // Each proxy adds whom it speaks for at the end, so that the end is what the nearest one says.
    for (const hop of named.split(',').slice(-MAX_HOPS).reverse()) {
      const next = plain(withoutPort(hop.trim()));
      if (isIP(next) === 0) return address;
      address = next;
      if (!isProxy(address)) return address;
    }
    return address;
  };
}

function listOf(trusted: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of trusted) {
    const [address = '', bits] = entry.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

/** IPv4 as such, also where a socket for both families shows it as IPv6. */
const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '');

/** Some proxies write `192.0.2.1:1234` or `[2001:db8::1]:1234`. */
const withoutPort = (hop: string): string =>
  /^\[([^\]]*)\](?::\d+)?$/.exec(hop)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(hop)?.[1] ?? hop;
