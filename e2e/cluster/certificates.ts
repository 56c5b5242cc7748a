// Issues X.509 certificates with EC P-256 keys: node:crypto signs and reads
// them but cannot make them. Knows nothing of Kubernetes.

import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto';
import { isIPv4 } from 'node:net';
import {
  bitString,
  boolean,
  explicit,
  implicit,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  set,
  time,
  utf8String,
} from './der.ts';

export interface KeyAndCertificate {
  /** PEM, SEC 1 form: every Kubernetes program reads it. */
  readonly key: string;
  /** PEM. */
  readonly certificate: string;
}

export interface Authority extends KeyAndCertificate {
  readonly name: string;
  readonly keyPair: { readonly privateKey: KeyObject; readonly publicKey: KeyObject };
}

export interface Request {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  readonly usages: readonly ('server' | 'client')[];
  /** DNS names and IPv4 addresses. */
  readonly names?: readonly string[];
}

const day = 86_400_000;
const lifetime = 3650 * day;

function name(commonName: string, organizations: readonly string[] = []): Buffer {
  const part = (oid: string, value: string) => set(sequence(objectIdentifier(oid), utf8String(value)));
  return sequence(...organizations.map((value) => part('2.5.4.10', value)), part('2.5.4.3', commonName));
}

function extension(oid: string, critical: boolean, value: Buffer): Buffer {
  return sequence(objectIdentifier(oid), ...(critical ? [boolean(true)] : []), octetString(value));
}

const usageIds = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' };

function alternativeName(value: string): Buffer {
  return isIPv4(value)
    ? implicit(7, Buffer.from(value.split('.').map(Number)))
    : implicit(2, Buffer.from(value, 'latin1'));
}

const spki = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });
const keyId = (key: KeyObject): Buffer => createHash('sha1').update(spki(key)).digest();

const ecdsaWithSha256 = sequence(objectIdentifier('1.2.840.10045.4.3.2'));

function certify(parts: {
  readonly issuer: Buffer;
  readonly issuerKey: KeyObject;
  readonly issuerPublicKey: KeyObject;
  readonly subject: Buffer;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Buffer[];
  readonly now: Date;
}): string {
  const body = sequence(
    explicit(0, integer(Buffer.from([2]))), // version 3
    integer(randomBytes(16)),
    ecdsaWithSha256,
    parts.issuer,
    // An hour back: clocks of a machine and its containers need not agree.
    sequence(time(new Date(parts.now.getTime() - 3_600_000)), time(new Date(parts.now.getTime() + lifetime))),
    parts.subject,
    spki(parts.publicKey),
    explicit(
      3,
      sequence(
        ...parts.extensions,
        extension('2.5.29.14', false, octetString(keyId(parts.publicKey))),
        extension('2.5.29.35', false, sequence(implicit(0, keyId(parts.issuerPublicKey)))),
      ),
    ),
  );
  const signature = sign('sha256', body, { key: parts.issuerKey, dsaEncoding: 'der' });
  return pem('CERTIFICATE', sequence(body, ecdsaWithSha256, bitString(signature)));
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

const newKeyPair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const keyPem = (key: KeyObject): string => key.export({ type: 'sec1', format: 'pem' }).toString();

export function createAuthority(commonName: string, now: Date): Authority {
  const keyPair = newKeyPair();
  const certificate = certify({
    issuer: name(commonName),
    issuerKey: keyPair.privateKey,
    issuerPublicKey: keyPair.publicKey,
    subject: name(commonName),
    publicKey: keyPair.publicKey,
    extensions: [
      extension('2.5.29.19', true, sequence(boolean(true))),
      extension('2.5.29.15', true, bitString(Buffer.from([0x86]), 1)), // digitalSignature, keyCertSign, cRLSign
    ],
    now,
  });
  return { name: commonName, keyPair, key: keyPem(keyPair.privateKey), certificate };
}

/** An authority made earlier, from its PEM files. */
export function loadAuthority(commonName: string, { key, certificate }: KeyAndCertificate): Authority {
  const privateKey = createPrivateKey(key);
  return { name: commonName, keyPair: { privateKey, publicKey: createPublicKey(privateKey) }, key, certificate };
}

/** A new key with a certificate, valid for ten years. */
export function issue(authority: Authority, request: Request, now: Date): KeyAndCertificate {
  const { privateKey, publicKey } = newKeyPair();
  const names = request.names ?? [];
  const certificate = certify({
    issuer: name(authority.name),
    issuerKey: authority.keyPair.privateKey,
    issuerPublicKey: authority.keyPair.publicKey,
    subject: name(request.commonName, request.organizations),
    publicKey,
    extensions: [
      extension('2.5.29.19', true, sequence()),
      extension('2.5.29.15', true, bitString(Buffer.from([0x80]), 7)), // digitalSignature
      extension('2.5.29.37', false, sequence(...request.usages.map((usage) => objectIdentifier(usageIds[usage])))),
      ...(names.length > 0 ? [extension('2.5.29.17', false, sequence(...names.map(alternativeName)))] : []),
    ],
    now,
  });
  return { key: keyPem(privateKey), certificate };
}
