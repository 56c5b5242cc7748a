/**
 * The part of an McpServer that says which skills it serves: folders of text for a model, each from a volume.
 */
import { z } from 'zod';
import { label, localReference } from './parts.ts';
import { listMap, withRules } from './schema.ts';

const skill = withRules(
  z.object({
    // The name of its volume is longer by a prefix, and may have 63 characters.
    name: label().max(57).describe('Name of the skill, as in its SKILL.md.'),
    configMap: localReference().optional().describe('ConfigMap whose keys are the files; SKILL.md is one of them.'),
    persistentVolumeClaim: localReference().optional().describe('Claim whose volume is the folder; mounted read-only.'),
  }),
  [
    {
      rule: 'has(self.configMap) != has(self.persistentVolumeClaim)',
      message: 'a skill needs either configMap or persistentVolumeClaim',
      test: (s) => (s.configMap !== undefined) !== (s.persistentVolumeClaim !== undefined),
    },
  ],
);

export const skills = listMap(skill, ['name'], 32).describe('Skills that the server offers to clients.');
