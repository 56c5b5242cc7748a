/**
 * The parts of an McpServer that say which ModelBackends it may use and by which
 * named routes its toolsets reach them. Must not know how a target is chosen.
 */
import { z } from 'zod';
import { label, labelMap, objectName, positiveDuration } from './parts.ts';
import { listMap, listSet, withRules } from './schema.ts';

export const backends = withRules(
  z.object({
    names: listSet(objectName(), 64).optional().describe('ModelBackends by name, in the same namespace.'),
    selector: z
      .object({ matchLabels: labelMap(16).describe('Labels that a ModelBackend must have.') })
      .optional()
      .describe('ModelBackends of the same namespace by label.'),
  }),
  [
    {
      rule: '!(has(self.names) && has(self.selector))',
      message: 'set backends.names or backends.selector, not both',
      test: (b) => !(b.names !== undefined && b.selector !== undefined),
    },
  ],
).describe('ModelBackends that this server may use. Without it the server uses none.');

const target = z.object({
  backend: objectName().describe('Name of the ModelBackend.'),
  model: z.string().min(1).max(253).describe('Name of the model, as in spec.models of the backend.'),
  priority: z.int32().min(0).max(9).default(0).describe('Targets of the lowest number are tried first.'),
});

const route = z.object({
  name: label().describe('Name that toolsets use, for example default-chat.'),
  targets: listMap(target, ['backend', 'model'], 16).min(1).describe('Models that can serve the route.'),
  deadline: positiveDuration().default('120s').describe('Longest time for one request over all its attempts.'),
});

export const inference = z
  .object({ routes: listMap(route, ['name'], 32).optional().describe('Named ways to models.') })
  .describe('How toolsets reach models.');
