/** A skill with a file and a folder, of the kind that a team would write for its own work. */
import type { OfferedSkill } from '../toolset.ts';

const MANIFEST = `---
name: release-notes
description: Writes release notes from a list of merged changes. Use it when somebody asks for notes or a changelog.
license: Apache-2.0
metadata:
  version: "1.0"
---

# Release notes

1. Sort the changes into new, changed and fixed; leave out what no user sees.
2. Write one sentence for each, from the user's side.
3. Fill in templates/notes.md. references/style.md says how sentences are written.
`;

const STYLE = `# Style

Present tense, no names of people, no numbers of issues.
`;

const TEMPLATE = `# Release {version}

## New

## Changed

## Fixed
`;

export const skills: readonly OfferedSkill[] = [
  {
    path: 'release-notes',
    files: { 'SKILL.md': MANIFEST, 'references/style.md': STYLE, 'templates/notes.md': TEMPLATE },
  },
];
