/**
 * The file that starts a bundled program: the name of this file in the bundle is the name of the entry.
 */
import { basename } from 'node:path';
import { loadProgram } from './load-program.ts';

loadProgram(import.meta.dirname).entries[basename(import.meta.filename, '.mjs')]?.();
