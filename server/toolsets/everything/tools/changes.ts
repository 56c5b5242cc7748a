/** Tools that tell subscribers of changes. Lists here never really change; that they could is what is tested. */
import { fixture } from '../define.ts';

export const WATCHED = 'test://watched-resource';

export const changeTools = [
  fixture(
    'test_trigger_tool_change',
    'Tools have changed',
    'Tells subscribers that the tools have changed.',
    ({ notify }) => {
      notify({ type: 'tools' });
      return 'Told.';
    },
  ),
  fixture(
    'test_trigger_prompt_change',
    'Prompts have changed',
    'Tells subscribers that the prompts have changed.',
    ({ notify }) => {
      notify({ type: 'prompts' });
      return 'Told.';
    },
  ),
  fixture(
    'test_trigger_resource_change',
    'A resource has changed',
    'Tells subscribers of the watched resource.',
    ({ notify }) => {
      notify({ type: 'resource', uri: WATCHED });
      return 'Told.';
    },
  ),
];
