import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { openDatabase } from './database.ts';
import { silent } from './databases.testing.ts';

test('a store that cannot be opened says which setting is wrong, and never the password', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-fleet-url-'));
  const opening = async (content: string) => {
    const urlFile = join(folder, 'url');
    await writeFile(urlFile, content);
    return openDatabase({ type: 'Postgres', urlFile, poolSize: 1 }, { log: silent });
  };
  try {
    for (const content of ['', 'mysql://user:hunter2@host/db', 'postgres://user:hunter2@[bad/db', 'hunter2']) {
      const failed: unknown = await opening(content).catch((error: unknown) => error);
      expect(String(failed)).toContain('storage.urlFile');
      expect(inspect(failed, { depth: 9 })).not.toContain('hunter2');
    }
    const absent = await opening('postgres://user:hunter2@127.0.0.1:1/db');
    expect(await absent.ready()).toBe(false);
    const failed: unknown = await sql`select 1`.execute(absent.database).catch((error: unknown) => error);
    expect(inspect(failed, { depth: 9 })).toContain('ECONNREFUSED');
    expect(inspect(failed, { depth: 9 })).not.toContain('hunter2');
    await absent.close();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
