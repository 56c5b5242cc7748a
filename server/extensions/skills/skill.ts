/**
 * A skill as the extension Skills has it (SEP-2640): a folder of files with a SKILL.md, each file a resource below
 * `skill://`, with the hash and size by which a client checks what it reads. Must not know where files lie.
 */
import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { type Frontmatter, readFrontmatter } from './frontmatter.ts';

/** A file within a skill. */
export interface SkillFile {
  /** From the root of all skills, with `/`. */
  readonly path: string;
  readonly size: number;
  /** `sha256:` and 64 hex digits. */
  readonly digest: string;
  /** What is there now, at most as long as a skill may be; undefined where it has gone. */
  read(): Promise<Buffer | undefined>;
}

export interface Skill {
  readonly uri: string;
  readonly frontmatter: Frontmatter;
  readonly files: readonly SkillFile[];
}

export const SCHEME = 'skill://';
export const MANIFEST = 'SKILL.md';
/** What every host must take, by the extension's specification. */
export const MAX_FILES = 512;
export const MAX_BYTES = 16 * 1024 * 1024;

export const digestOf = (content: Uint8Array): string => `sha256:${createHash('sha256').update(content).digest('hex')}`;

/** `path` is the skill's folder, `files` all below it. Throws an Error that says what is wrong. */
export async function readSkill(path: string, files: readonly SkillFile[]): Promise<Skill> {
  if (files.length > MAX_FILES) throw new Error(`it has more than ${MAX_FILES} files`);
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  if (bytes > MAX_BYTES) throw new Error(`it has more than ${MAX_BYTES} bytes`);
  const manifest = await files.find((file) => file.path === `${path}/${MANIFEST}`)?.read();
  if (!manifest || !isUtf8(manifest)) throw new Error(`${MANIFEST} is not UTF-8 text`);
  const frontmatter = readFrontmatter(manifest.toString());
  if (path.split('/').at(-1) !== frontmatter.name)
    throw new Error(`name: ${frontmatter.name} must be the name of the folder`);
  return { uri: uriOf(`${path}/${MANIFEST}`), frontmatter, files };
}

export const uriOf = (path: string): string => SCHEME + path.split('/').map(encodeURIComponent).join('/');

const TYPES: Readonly<Record<string, string>> = {
  md: 'text/markdown',
  txt: 'text/plain',
  json: 'application/json',
  yaml: 'application/yaml',
  yml: 'application/yaml',
  csv: 'text/csv',
  html: 'text/html',
  css: 'text/css',
  js: 'text/javascript',
  ts: 'text/x-typescript',
  py: 'text/x-python',
  sh: 'text/x-shellscript',
  svg: 'image/svg+xml',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  pdf: 'application/pdf',
};

export function mimeTypeOf(path: string): string {
  const extension = path.slice(path.lastIndexOf('.') + 1).toLowerCase();
  return (Object.hasOwn(TYPES, extension) ? TYPES[extension] : undefined) ?? 'application/octet-stream';
}
