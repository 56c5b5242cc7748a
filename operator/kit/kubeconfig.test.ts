import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { inClusterConfig, loadKubeconfig } from './kubeconfig.ts';
import { FakeClock } from './testing/clock.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
});
afterEach(() => rm(folder, { recursive: true }));

const base64 = (text: string): string => Buffer.from(text).toString('base64');

async function write(user: object, cluster: object = {}, context: object = {}): Promise<string> {
  const path = join(folder, 'config');
  const config = {
    'current-context': 'here',
    contexts: [
      { name: 'here', context: { cluster: 'c', user: 'u', ...context } },
      { name: 'there', context: { cluster: 'd', user: 'u' } },
    ],
    clusters: [
      { name: 'c', cluster: { server: 'https://api.example.com:6443/', ...cluster } },
      { name: 'd', cluster: { server: 'https://there' } },
    ],
    users: [{ name: 'u', user }],
  };
  await writeFile(path, stringify(config));
  return path;
}

test('a client certificate and CA come inline or from files beside the kubeconfig', async () => {
  await mkdir(join(folder, 'pki'));
  await writeFile(join(folder, 'pki/key'), 'KEY');
  const path = await write(
    { 'client-certificate-data': base64('CERT'), 'client-key': 'pki/key' },
    { 'certificate-authority-data': base64('CA'), 'tls-server-name': 'kubernetes' },
    { namespace: 'team' },
  );
  const config = await loadKubeconfig(path);
  expect([config.server, config.namespace]).toEqual(['https://api.example.com:6443', 'team']);
  const tls = await config.tls();
  expect(tls).toEqual({ ca: 'CA', cert: 'CERT', key: 'KEY', servername: 'kubernetes', rejectUnauthorized: true });
  expect(await config.tls()).toBe(tls);
  expect(await config.authorization()).toBeUndefined();
});

test('tokens and passwords become headers, and certificates are checked unless told otherwise', async () => {
  const token = await loadKubeconfig(await write({ token: 'abc' }, { 'insecure-skip-tls-verify': true }));
  expect(await token.authorization()).toBe('Bearer abc');
  expect(await token.tls()).toEqual({ rejectUnauthorized: false });
  const basic = await loadKubeconfig(await write({ username: 'me', password: 'pw' }));
  expect(await basic.authorization()).toBe(`Basic ${base64('me:pw')}`);
  expect(await basic.tls()).toEqual({ rejectUnauthorized: true });
});

test('another context may be chosen; a missing entry is named', async () => {
  const path = await write({ token: 'abc' });
  expect((await loadKubeconfig(path, { context: 'there' })).server).toBe('https://there');
  await expect(loadKubeconfig(path, { context: 'nowhere' })).rejects.toThrow('contexts has no entry named nowhere');
});

test('an exec plug-in is asked for its token', async () => {
  const credential = {
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: { token: 'from-exec' },
  };
  const exec = {
    apiVersion: credential.apiVersion,
    command: 'echo',
    args: [JSON.stringify(credential)],
    interactiveMode: 'Never',
  };
  const config = await loadKubeconfig(await write({ exec }));
  expect(await config.authorization()).toBe('Bearer from-exec');
  expect(await config.tls()).toEqual({ rejectUnauthorized: true });
});

test('in a cluster a rotated token and a new CA are taken up within a minute', async () => {
  const clock = new FakeClock();
  const put = (name: string, content: string): Promise<void> => writeFile(join(folder, name), content);
  await Promise.all([put('token', 'one\n'), put('ca.crt', 'CA1'), put('namespace', 'system')]);
  const config = await inClusterConfig({ host: 'fd00::1', port: '443', directory: folder, clock });
  expect([config.server, config.namespace]).toEqual(['https://[fd00::1]:443', 'system']);
  const before = await config.tls();
  expect(await config.authorization()).toBe('Bearer one');
  await put('token', 'two\n');
  expect(await config.authorization()).toBe('Bearer one');
  clock.advance(60_000);
  expect(await config.authorization()).toBe('Bearer two');
  expect(await config.tls()).toBe(before);
  await put('ca.crt', 'CA2');
  clock.advance(60_000);
  expect((await config.tls()).ca).toBe('CA2');
});

test('a token file that cannot be read now is read again on the next request', async () => {
  const clock = new FakeClock();
  await Promise.all(['token', 'ca.crt', 'namespace'].map((name) => writeFile(join(folder, name), 'x')));
  const config = await inClusterConfig({ host: 'h', port: '1', directory: folder, clock });
  await rm(join(folder, 'token'));
  await expect(config.authorization()).rejects.toThrow('ENOENT');
  await writeFile(join(folder, 'token'), 'back');
  expect(await config.authorization()).toBe('Bearer back');
});
