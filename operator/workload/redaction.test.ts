import { expect, test } from 'vitest';
import { printable } from './printable.ts';
import { redacted } from './redaction.ts';

const SECRET = 'abcDEF123456ghiJKL';

test.each([
  [`401 for token hf_${SECRET} of model x`, '401 for token [redacted] of model x'],
  [`Incorrect API key provided: sk-proj-${SECRET}.`, 'Incorrect API key provided: [redacted].'],
  [`Authorization: Bearer ${SECRET}==, retry`, 'Authorization: Bearer [redacted], retry'],
  [`authorization: basic ${SECRET}`, 'authorization: basic [redacted]'],
  [`FATAL: password=${SECRET} user=x`, 'FATAL: password=[redacted] user=x'],
  [`{"api_key": "${SECRET} with spaces", "a": 1}`, '{"api_key": [redacted], "a": 1}'],
  [`HF_TOKEN=${SECRET}; HOME=/tmp`, 'HF_TOKEN=[redacted]; HOME=/tmp'],
  [`--api-key=${SECRET}`, '--api-key=[redacted]'],
  [
    `cannot reach postgres://me:${SECRET}@db.example.com:5432/x?sslmode=require`,
    'cannot reach postgres://[redacted]@db.example.com:5432/x?sslmode=require',
  ],
  [`https://${SECRET}@host/x`, 'https://[redacted]@host/x'],
  [`redis://:p@${SECRET}@host`, 'redis://[redacted]@host'],
  [`eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.${SECRET}`, '[redacted]'],
  [`ghp_${SECRET} AKIA${SECRET.toUpperCase()}`, '[redacted] [redacted]'],
])('%s', (text, expected) => {
  expect(redacted(text)).toBe(expected);
});

test.each([
  'no config at /etc/x',
  'the token is missing; set spec.auth.secretRef',
  'Failed to pull image "ghcr.io/a/b:1": https://ghcr.io/v2/a/b@sha256:0123 not found',
  'prompt tokens: see task-sk-1 and hf_hub',
  'MountVolume.SetUp failed for volume "secret" : secret "model-key" not found',
  'CUDA out of memory. Tried to allocate 2.00 GiB',
])('%s stays as it is', (text) => {
  expect(redacted(text)).toBe(text);
});

test('what is printed is without credentials, also where it is cut', () => {
  for (let before = 1000; before < 1030; before += 1) {
    expect(printable(`${'x'.repeat(before)} hf_${SECRET}${'y'.repeat(5000)}`)).not.toContain(SECRET.slice(0, 3));
  }
});

test('hostile text costs no time', () => {
  const before = performance.now();
  for (const part of ['a://', 'x@', '"token":"', 'Bearer ', 'eyJ', 'password', ' ', 'a.-+']) {
    printable(part.repeat(100_000), 4096);
  }
  expect(performance.now() - before).toBeLessThan(1000);
});
