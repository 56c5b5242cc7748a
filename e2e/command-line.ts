/**
 * How a command of this repository meets the person who types it: it takes the arguments, explains itself with --help,
 * and answers a mistake with a sentence and exit code 2. Must not know any command.
 */
import { type ParseArgsConfig, parseArgs } from 'node:util';

/** A mistake of the person who gave the command; shown as it is, without a stack. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

type Options = NonNullable<ParseArgsConfig['options']>;
type Values<T extends Options> = ReturnType<typeof parseArgs<{ options: T }>>['values'];

export interface Command<T extends Options> {
  readonly usage: string;
  /** Beside --help. */
  readonly options: T;
  /** Whether it takes arguments that are no options; it is given them as they are. */
  readonly allowPositionals?: boolean;
}

/** Runs `main` with the arguments of this process; the number that it gives is the exit code. */
export async function runCommand<const T extends Options>(
  command: Command<T>,
  main: (values: Values<T>, positionals: readonly string[]) => Promise<number | undefined>,
): Promise<void> {
  try {
    const { values, positionals } = parsed(command);
    if ('help' in values && values.help === true) process.stdout.write(`${command.usage.trimEnd()}\n`);
    else process.exitCode = await main(values, positionals);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  }
}

function parsed<T extends Options>({ options, allowPositionals = false }: Command<T>) {
  const help = { type: 'boolean', short: 'h' } as const;
  try {
    const { values, positionals } = parseArgs({ allowPositionals, options: { ...options, help } });
    return { values, positionals };
  } catch (error) {
    // What follows the first sentence is for who wants such a thing as an argument.
    const [what = ''] = (error as Error).message.split('. ', 1);
    throw new UsageError(`${what}. See --help.`);
  }
}
