/**
 * The YAML at the head of a SKILL.md, by the rules of the Agent Skills specification. What it says is handed on as it
 * stands; what breaks the rules is said in a sentence for whoever wrote it. Reads text only.
 */
import { parse } from 'yaml';

export interface Frontmatter {
  readonly name: string;
  readonly description: string;
  readonly [field: string]: unknown;
}

/** In characters; a description has up to 1024. */
const MAX_LENGTH = 64 * 1024;
const MAX_ALIASES = 10;
const BLOCK = /^\uFEFF?---\r?\n([\s\S]*?)\r?\n---[ \t]*(?:\r?\n|$)/;
const NAME = /^(?!.*--)[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$/;

/** Throws an Error that says what is wrong. */
export function readFrontmatter(text: string): Frontmatter {
  const block = BLOCK.exec(text.slice(0, MAX_LENGTH))?.[1];
  if (block === undefined) throw new Error('SKILL.md must begin with YAML between two lines of ---');
  const value = parsed(block);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error('the YAML of SKILL.md must be an object');
  const { name, description } = value as Readonly<Record<string, unknown>>;
  if (typeof name !== 'string' || !NAME.test(name))
    throw new Error('name: 1 to 64 of a-z 0-9 and single hyphens between them');
  if (typeof description !== 'string' || description.trim() === '')
    throw new Error('description: say what the skill is for');
  return value as Frontmatter;
}

/** As JSON has it, so that what is sent is what was checked. */
function parsed(block: string): unknown {
  try {
    return JSON.parse(JSON.stringify(parse(block, { maxAliasCount: MAX_ALIASES, logLevel: 'error' })));
  } catch (error) {
    throw new Error('the YAML of SKILL.md cannot be read', { cause: error });
  }
}
