/**
 * The Markdown of this repository as data, for the tests of what it says: pages, code blocks, commands, links and
 * headings. Knows no page by name.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '..');

export interface Fence {
  readonly path: string;
  /** Number of its first line in the file. */
  readonly line: number;
  readonly language: string;
  readonly text: string;
}

export interface Page {
  /** Relative to the root of the repository. */
  readonly path: string;
  /** Without code blocks. */
  readonly prose: string;
  readonly fences: readonly Fence[];
}

/** Every page that people read, the generated ones too. */
export const PAGES: readonly Page[] = globSync('**/*.md', {
  cwd: ROOT,
  exclude: ['**/node_modules', 'dist', 'coverage', '**/golden'],
}).map((path) => page(path, readFileSync(join(ROOT, path), 'utf8')));

export function page(path: string, text: string): Page {
  const prose: string[] = [];
  const fences: Fence[] = [];
  let open: { line: number; language: string; lines: string[] } | undefined;
  for (const [i, line] of text.split('\n').entries()) {
    const [, language] = /^```(\w*)$/.exec(line) ?? [];
    if (open && language !== undefined) {
      fences.push({ path, line: open.line, language: open.language, text: open.lines.join('\n') });
      open = undefined;
    } else if (open) open.lines.push(line);
    else if (language !== undefined) open = { line: i + 2, language, lines: [] };
    else prose.push(line);
  }
  if (open) throw new Error(`${path}:${open.line}: the code block does not end`);
  return { path, prose: prose.join('\n'), fences };
}

export const fencesOf = (path: string, language: string): readonly Fence[] =>
  PAGES.filter((found) => found.path === path).flatMap(({ fences }) =>
    fences.filter((fence) => fence.language === language),
  );

export interface Command {
  /** Path and line, for messages. */
  readonly at: string;
  readonly text: string;
}

/** The commands of the `sh` blocks: one a line, or over several that end in a backslash or stand within quotes. */
export function commandsOf({ fences }: Page): readonly Command[] {
  return fences.filter(({ language }) => language === 'sh').flatMap(commandsIn);
}

function commandsIn({ path, line: first, text }: Fence): readonly Command[] {
  const commands: Command[] = [];
  let begun: Command | undefined;
  for (const [i, line] of text.split('\n').entries()) {
    if (!begun && /^(#.*|\s*)$/.test(line)) continue;
    begun = begun ? { ...begun, text: `${begun.text}\n${line}` } : { at: `${path}:${first + i}`, text: line };
    if (line.endsWith('\\') || begun.text.split("'").length % 2 === 0) continue;
    commands.push({ ...begun, text: begun.text.replace(/\s+# .*$/, '') });
    begun = undefined;
  }
  if (begun) throw new Error(`${begun.at}: the command does not end`);
  return commands;
}

/** Targets of the links of a page that lead to somewhere in this repository. */
export function localLinks({ prose }: Page): readonly string[] {
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
}

/** The anchors that GitHub gives to the headings of a page. */
export function anchors({ prose }: Page): readonly string[] {
  return [...prose.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** The rows of the tables of a section, without heads. `\|` within a cell is text. */
export function rowsOf({ prose }: Page, heading: string): readonly (readonly string[])[] {
  const section = prose.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) =>
    row
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}
