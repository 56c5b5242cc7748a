/**
 * Loads a program that was bundled into one file, with the code that V8 compiled for it when its image was built: functions
 * of the start need neither parsing nor compiling. Without that code, or with code of another V8, it compiles as usual.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { constants, Script } from 'node:vm';

// An import of node:fs would load all of it, for some milliseconds.
const { readFileSync } = process.getBuiltinModule('node:fs');

/** The program: an expression that is a function of what `programScope` names. */
export const PROGRAM = 'program.js';
/** What V8 compiled of it, of use to the same version of Node with the same flags on any processor of its kind. */
export const PROGRAM_CODE = 'program.code';
/** Parameters of the function that the program is. The last is its own URL. */
export const programScope = ['exports', 'require', 'module', 'programUrl'] as const;

type Entries = Readonly<Record<string, () => unknown>>;

export interface LoadedProgram {
  readonly script: Script;
  /** Start the program as one of its entry files. */
  readonly entries: Entries;
}

export function loadProgram(folder: string): LoadedProgram {
  const file = join(folder, PROGRAM);
  const url = pathToFileURL(file).href;
  const cachedData = compiledCode(folder);
  // The bundler writes ASCII alone, which V8 holds in one byte a character.
  const script = new Script(readFileSync(file, 'latin1'), {
    filename: url,
    ...(cachedData ? { cachedData } : {}),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const module = { exports: {} as Entries };
  const program = script.runInThisContext() as (...scope: readonly unknown[]) => void;
  program(module.exports, createRequire(url), module, url);
  return { script, entries: module.exports };
}

function compiledCode(folder: string): Buffer | undefined {
  try {
    return readFileSync(join(folder, PROGRAM_CODE));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
