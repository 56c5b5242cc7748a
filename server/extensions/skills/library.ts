/**
 * The skills that a server has: those that its toolsets bring, and those of a mounted folder, which is looked at again
 * when somebody asks and some time has passed. What cannot be served is logged once, and does not hide the rest.
 */
import { isUtf8 } from 'node:buffer';
import type { Logger } from 'pino';
import type { ListedResource, ResourceSource } from '../../protocol/resources.ts';
import type { OfferedSkill } from '../../toolsets/toolset.ts';
import { openFolder } from './folder.ts';
import { digestOf, MANIFEST, mimeTypeOf, readSkill, SCHEME, type Skill, type SkillFile, uriOf } from './skill.ts';

export interface SkillIndex {
  /** By the URI of their SKILL.md. */
  readonly skills: ReadonlyMap<string, Skill>;
  /** Every file of any skill, by URI. */
  readonly files: ReadonlyMap<string, SkillFile>;
  /** What is directly in a folder of a skill, by the folder's URI. */
  readonly folders: ReadonlyMap<string, readonly ListedResource[]>;
}

export interface SkillLibrary {
  index(): Promise<SkillIndex>;
  /** The skills' files as resources. */
  readonly source: ResourceSource;
}

export interface SkillLibraryOptions {
  readonly directory?: string | undefined;
  readonly offered: readonly OfferedSkill[];
  readonly log: Logger;
  /** Of a clock that only runs forward, in milliseconds. */
  readonly monotonic: () => number;
}

/** How old an index may be, and so how long a client may keep what it read. */
export const FRESH_MS = 2_000;
export const KEEP = { ttlMs: FRESH_MS, scope: 'public' } as const;

export function createSkillLibrary({ directory, offered, log, monotonic }: SkillLibraryOptions): SkillLibrary {
  const scan = directory === undefined ? undefined : openFolder(directory);
  const brought = offered.flatMap(({ path, files }) =>
    Object.entries(files).map(([name, text]) => fileOf(`${path}/${name}`, Buffer.from(text))),
  );
  let current: { readonly index: Promise<SkillIndex>; readonly at: number } | undefined;
  let logged = new Set<string>();

  const make = async (): Promise<SkillIndex> => {
    const found = await scan?.();
    const problems = [...(found?.problems ?? [])];
    const mounted = found?.files ?? [];
    const files = new Map([...mounted, ...brought].map((file) => [file.path, file]));
    const skills: Skill[] = [];
    for (const path of [...files.keys()].filter((name) => name.endsWith(`/${MANIFEST}`))) {
      const folder = path.slice(0, -MANIFEST.length - 1);
      const within = [...files.values()].filter((file) => file.path.startsWith(`${folder}/`));
      try {
        skills.push(await readSkill(folder, within));
      } catch (error) {
        problems.push(`skill ${folder} is not served: ${(error as Error).message}`);
      }
    }
    for (const problem of problems)
      if (!logged.has(problem)) log.warn({ problem }, 'something of the skills is left out');
    logged = new Set(problems);
    return indexOf(skills, found?.folders ?? []);
  };
  const index = (): Promise<SkillIndex> => {
    const now = monotonic();
    if (current && now - current.at < FRESH_MS) return current.index;
    const made = { index: make(), at: now };
    made.index.catch(() => {
      if (current === made) current = undefined; // the next who asks tries again
    });
    current = made;
    return made.index;
  };

  return {
    index,
    source: {
      scheme: SCHEME,
      cache: KEEP,
      async list() {
        const { skills } = await index();
        return [...skills.values()].map(({ uri, frontmatter: { name, description } }) => ({
          uri,
          name,
          description,
          mimeType: mimeTypeOf(MANIFEST),
        }));
      },
      async read(uri) {
        const file = (await index()).files.get(uri);
        const bytes = await file?.read();
        return file && bytes && { mimeType: mimeTypeOf(file.path), content: isUtf8(bytes) ? bytes.toString() : bytes };
      },
    },
  };
}

function indexOf(skills: readonly Skill[], scanned: readonly string[]): SkillIndex {
  const files = new Map(skills.flatMap((skill) => skill.files.map((file) => [uriOf(file.path), file] as const)));
  const roots = skills.map(({ uri }) => uri.slice(0, -MANIFEST.length - 1));
  const folders = new Map<string, Map<string, ListedResource>>(roots.map((root) => [root, new Map()]));
  const isWithin = (uri: string): boolean => roots.some((root) => uri === root || uri.startsWith(`${root}/`));

  /** Puts a child into its folder, and the folder into its own. */
  const put = (path: string, mimeType: string): void => {
    const [parent, name] = [path.slice(0, path.lastIndexOf('/')), path.slice(path.lastIndexOf('/') + 1)];
    const [uri, at] = [uriOf(path), uriOf(parent)];
    if (!isWithin(at)) return;
    const children = folders.get(at) ?? new Map<string, ListedResource>();
    children.set(uri, { uri, name, mimeType });
    folders.set(at, children);
    put(parent, FOLDER);
  };
  for (const path of scanned)
    if (isWithin(uriOf(path))) {
      if (!folders.has(uriOf(path))) folders.set(uriOf(path), new Map());
      put(path, FOLDER);
    }
  for (const { path } of files.values()) put(path, mimeTypeOf(path));
  return {
    skills: new Map(skills.map((skill) => [skill.uri, skill])),
    files,
    folders: new Map([...folders].map(([uri, children]) => [uri, [...children.values()]])),
  };
}

const FOLDER = 'inode/directory';

const fileOf = (path: string, content: Buffer): SkillFile => ({
  path,
  size: content.length,
  digest: digestOf(content),
  read: () => Promise.resolve(content),
});
