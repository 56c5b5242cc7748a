import { createPrivateKey, X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { createAuthority, issue } from './certificates.ts';

const now = new Date('2026-03-01T12:00:00Z');
const authority = createAuthority('test-ca', now);
const root = new X509Certificate(authority.certificate);

test('an authority signs itself and may sign others', () => {
  expect(root.ca).toBe(true);
  expect(root.verify(authority.keyPair.publicKey)).toBe(true);
  expect(root.subject).toBe('CN=test-ca');
});

test('an issued certificate carries subject, groups, names and usages and belongs to its key', () => {
  const issued = issue(
    authority,
    {
      commonName: 'kube-apiserver',
      organizations: ['a', 'b'],
      usages: ['server', 'client'],
      names: ['localhost', '10.96.0.1'],
    },
    now,
  );
  const certificate = new X509Certificate(issued.certificate);
  expect(certificate.checkIssued(root)).toBe(true);
  expect(certificate.verify(authority.keyPair.publicKey)).toBe(true);
  expect(certificate.checkPrivateKey(createPrivateKey(issued.key))).toBe(true);
  expect(certificate.subject).toBe('O=a\nO=b\nCN=kube-apiserver');
  expect(certificate.subjectAltName).toBe('DNS:localhost, IP Address:10.96.0.1');
  expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
  expect(certificate.ca).toBe(false);
  expect(certificate.checkHost('localhost')).toBe('localhost');
  expect(certificate.checkIP('10.96.0.2')).toBeUndefined();
});

test('a certificate is valid from before now for ten years, also past 2049', () => {
  for (const at of [now, new Date('2045-06-01T00:00:00Z')]) {
    const certificate = new X509Certificate(createAuthority('ca', at).certificate);
    expect(certificate.validFromDate.getTime()).toBeLessThan(at.getTime());
    expect(certificate.validToDate.getUTCFullYear() - at.getUTCFullYear()).toBe(10);
  }
});
