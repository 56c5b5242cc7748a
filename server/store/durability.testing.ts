/**
 * Writes numbered rows into a SQLite store and says each number on standard output
 * once its transaction has committed; ends only by being killed. Run by
 * `durability.process.test.ts`.
 */
import type { Kysely } from 'kysely';
import { pino } from 'pino';
import { openDatabase } from './database.ts';

const WRITERS = 8;
const [path, first] = process.argv.slice(2);
if (path === undefined || first === undefined) throw new Error('usage: durability.testing.ts <path> <first number>');

const store = await openDatabase({ type: 'Embedded', path }, { log: pino({ level: 'silent' }) });
const database = store.database as unknown as Kysely<{ acknowledged: { number: number; half: string } }>;
let next = Number(first);

async function write(): Promise<never> {
  for (;;) {
    const number = next;
    next += 1;
    await database.transaction().execute(async (transaction) => {
      await transaction.insertInto('acknowledged').values({ number, half: 'first' }).execute();
      await transaction.insertInto('acknowledged').values({ number, half: 'second' }).execute();
    });
    process.stdout.write(`${number}\n`);
  }
}

await Promise.all(Array.from({ length: WRITERS }, write));
