/**
 * The extension Skills (SEP-2640): lists a server's skills with the hashes of their files, gives one of them, and
 * lists what is in a folder. The files themselves are read as resources. Must not know where skills come from.
 */
import type { Dispatch } from '../../protocol/dispatch.ts';
import type { Params } from '../../protocol/message.ts';
import type { Extension, Method } from '../../protocol/modern/methods.ts';
import { membersOf } from '../../protocol/modern/results.ts';
import { ordered, page } from '../../protocol/page.ts';
import { cursorParam, misfit } from '../../protocol/params.ts';
import { INVALID_PARAMS, RpcError } from '../../protocol/rpc-error.ts';
import { KEEP, type SkillIndex, type SkillLibrary } from './library.ts';
import { type Skill, uriOf } from './skill.ts';

const MAX_URI = 512;

export function skillsExtension(dispatch: Dispatch, library: SkillLibrary): Extension {
  const method = (name: string, write: (index: SkillIndex, params: Params) => string): [string, Method] => [
    name,
    {
      answer: (params, request) => dispatch.answer(name, request, async () => write(await library.index(), params)),
    },
  ];
  return {
    id: 'io.modelcontextprotocol/skills',
    settings: { directoryRead: true },
    methods: ({ complete, kept }) =>
      new Map([
        method('skills/list', ({ skills }, params) => {
          const { items, ...more } = page(ordered([...skills.values()], byUri), byUri, cursorParam(params));
          return kept(membersOf({ skills: items.map(entryOf), ...more }), KEEP);
        }),
        method('skills/get', ({ skills }, params) => {
          const uri = uriParam(params);
          const skill = skills.get(uri);
          if (!skill)
            throw new RpcError(INVALID_PARAMS, `There is no skill ${uri}. skills/list names those that there are.`);
          return kept(membersOf({ skill: entryOf(skill) }), KEEP);
        }),
        method('resources/directory/read', ({ folders }, params) => {
          const uri = uriParam(params);
          const children = folders.get(uri);
          if (!children) throw new RpcError(INVALID_PARAMS, `There is no directory ${uri}.`);
          const { items, ...more } = page(ordered(children, byUri), byUri, cursorParam(params));
          return complete(membersOf({ resources: items, ...more }));
        }),
      ]),
  };
}

const byUri = ({ uri }: { readonly uri: string }): string => uri;

const entryOf = ({ uri, frontmatter, files }: Skill): object => ({
  uri,
  frontmatter,
  resources: files.map(({ path, digest, size }) => ({ uri: uriOf(path), digest, size })),
});

function uriParam({ uri }: Params): string {
  if (typeof uri !== 'string' || uri.length > MAX_URI)
    throw misfit(`uri must be a string of at most ${MAX_URI} characters`);
  return uri;
}
