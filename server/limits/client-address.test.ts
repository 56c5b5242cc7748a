import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { clientAddress } from './client-address.ts';

const TRUSTED = ['10.0.0.0/8', '192.0.2.7', 'fd00::/8'];
const request = (remoteAddress: string | undefined, named?: string): Pick<IncomingMessage, 'socket' | 'headers'> => ({
  socket: { remoteAddress } as IncomingMessage['socket'],
  headers: named === undefined ? {} : { 'x-forwarded-for': named },
});

test.each([
  ['a proxy says who it speaks for', '10.1.2.3', '203.0.113.9', '203.0.113.9'],
  ['a client wrote something in front', '10.1.2.3', '198.51.100.1, 203.0.113.9', '203.0.113.9'],
  ['several proxies in a row', '10.1.2.3', '203.0.113.9, 192.0.2.7,10.9.9.9', '203.0.113.9'],
  ['a client claims to be a proxy', '10.1.2.3', '8.8.8.8, 10.0.0.1, 203.0.113.9', '203.0.113.9'],
  ['everybody named is a proxy', '10.1.2.3', '10.4.4.4, 10.5.5.5', '10.4.4.4'],
  ['a connection for both families', '::ffff:10.1.2.3', '203.0.113.9', '203.0.113.9'],
  ['IPv6 all the way', 'fd00::1', '2001:db8::9', '2001:db8::9'],
  ['ports beside addresses', '10.1.2.3', '[2001:db8::9]:4711, 192.0.2.7:80', '2001:db8::9'],
  ['what is no address ends the trail', '10.1.2.3', '203.0.113.9, unknown, 10.9.9.9', '10.9.9.9'],
  ['nothing but rubbish', '10.1.2.3', 'x'.repeat(10_000), '10.1.2.3'],
  ['empty', '10.1.2.3', '', '10.1.2.3'],
  ['no header', '10.1.2.3', undefined, '10.1.2.3'],
  ['a trail longer than anybody has', '10.1.2.3', `203.0.113.9${', 10.0.0.2'.repeat(1_000)}`, '10.0.0.2'],
  ['the sender is no proxy', '203.0.113.7', '198.51.100.1', '203.0.113.7'],
  ['the sender is next to the proxy', '192.0.2.8', '198.51.100.1', '192.0.2.8'],
  ['the connection is gone', undefined, '198.51.100.1', ''],
])('%s: from %s with %s it is %s', (_what, socket, named, address) => {
  expect(clientAddress(TRUSTED)(request(socket, named))).toBe(address);
});

test('without trusted proxies no header is believed', () => {
  expect(clientAddress([])(request('127.0.0.1', '203.0.113.9'))).toBe('127.0.0.1');
});
