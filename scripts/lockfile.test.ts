import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { completed, entryOf, type Lockfile, missing } from './lockfile.ts';
import { ROOT } from './run.ts';

test('package-lock.json has every build that its packages name, so that npm ci takes it', () => {
  const lockfile = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as Lockfile;
  expect(missing(lockfile).map(({ name }) => name)).toEqual([]);
});

test('a missing build is added for its platform alone', () => {
  const lockfile = {
    packages: {
      'node_modules/tool': {
        version: '1.0.0',
        dev: true,
        optionalDependencies: { '@tool/linux-arm64-musl': '1.0.0', '@tool/win32-x64-msvc': '1.0.0' },
      },
      'node_modules/@tool/win32-x64-msvc': { version: '1.0.0', optional: true },
    },
  } as const;
  expect(missing(lockfile)).toEqual([{ name: '@tool/linux-arm64-musl', version: '1.0.0', dev: true }]);
  expect(completed(lockfile).packages['node_modules/@tool/linux-arm64-musl']).toEqual({
    version: '1.0.0',
    cpu: ['arm64'],
    dev: true,
    libc: ['musl'],
    optional: true,
    os: ['linux'],
  });
  expect(missing(completed(lockfile))).toEqual([]);
});

test('a name that tells no platform is refused', () => {
  expect(() => entryOf('tool-extra', '1.0.0', false)).toThrow('does not tell the platform');
});
