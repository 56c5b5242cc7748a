/**
 * Whether a request goes through a forward proxy, by the rules of the usual variables
 * HTTP_PROXY, HTTPS_PROXY and NO_PROXY. Must not read them: their values are passed in.
 */
import { BlockList, isIP } from 'node:net';

export interface Proxy {
  /** URL of the proxy for plain http. */
  readonly http?: string | undefined;
  /** URL of the proxy for https. */
  readonly https?: string | undefined;
  /** Hosts reached directly: names with their sub-domains, addresses, networks (10.0.0.0/8), each with an optional port; `*` for all. */
  readonly none?: string | undefined;
}

/** URL of the proxy for this URL; undefined where it is reached directly. */
export function proxyFor(url: URL, proxy: Proxy | undefined): string | undefined {
  const through = url.protocol === 'https:' ? proxy?.https : proxy?.http;
  if (proxy === undefined || through === undefined || through === '') return undefined;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  const entries = (proxy.none ?? '').split(/[\s,]+/).filter((entry) => entry !== '');
  return entries.some((entry) => matches(entry.toLowerCase(), host, port)) ? undefined : through;
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  const network = /^(.+)\/([0-9]{1,3})$/.exec(entry);
  if (network?.[1] !== undefined) return contains(network[1], Number(network[2]), host);
  const [, name, only] = isIP(entry) === 6 ? ['', entry] : (/^(.*?)(?::([0-9]+))?$/.exec(entry) ?? []);
  if (only !== undefined && only !== port) return false;
  const bare = (name ?? '').replace(/^\*?\./, '').replace(/^\[|\]$/g, '');
  return host === bare || (isIP(host) === 0 && host.endsWith(`.${bare}`));
}

function contains(network: string, bits: number, host: string): boolean {
  const family = isIP(network);
  if (family === 0 || isIP(host) !== family || bits > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  const name = family === 4 ? 'ipv4' : 'ipv6';
  list.addSubnet(network, bits, name);
  return list.check(host, name);
}
