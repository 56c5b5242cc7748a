/** Which entries of a key set count as keys, and for what. */
import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { expect, test } from 'vitest';
import { ALGORITHMS, verificationKey } from './verification-key.ts';

const rsa = (modulusLength: number): JsonWebKey =>
  generateKeyPairSync('rsa', { modulusLength }).publicKey.export({ format: 'jwk' });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwk = ec.publicKey.export({ format: 'jwk' });

test.each<[string, unknown]>([
  ['an RSA key of 1024 bits', rsa(1024)],
  ['a key for encryption', { ...jwk, use: 'enc' }],
  ['a symmetric key', { kty: 'oct', k: 'c2VjcmV0' }],
  ['a point that is not on the curve', { ...jwk, x: jwk.y }],
  ['a curve that is for agreement', generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' })],
  ['a curve of coins', generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey.export({ format: 'jwk' })],
  ['a text', 'key'],
  ['nothing', null],
])('%s is none', (_name, entry) => {
  expect(verificationKey(entry)).toBeUndefined();
});

test('a key is for the algorithms of its kind, or for the one that it names', () => {
  const fitting = (entry: unknown): string[] =>
    [...ALGORITHMS].filter((alg) => verificationKey(entry)?.fits({ alg, kid: undefined }));
  expect(fitting(rsa(2048))).toEqual(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']);
  expect(fitting({ ...rsa(2048), alg: 'PS256' })).toEqual(['PS256']);
  expect(fitting(jwk)).toEqual(['ES256']);
  expect(fitting({ ...jwk, alg: 'RS256' })).toEqual([]);
  expect(fitting({ ...generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }), alg: 'Ed25519' })).toEqual([
    'EdDSA',
    'Ed25519',
  ]);
});

test('a private key that was published by mistake is used as the public one it contains', () => {
  const key = verificationKey(ec.privateKey.export({ format: 'jwk' }));
  expect(key?.identity).toBe(verificationKey(jwk)?.identity);
});
