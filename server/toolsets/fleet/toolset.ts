/**
 * The toolset `fleet`: which model backends this server can ask now, and why not where it cannot. Hosts with MCP Apps
 * show it as a view; all others show the same as text.
 */
import { z } from 'zod';
import type { Inference } from '../../inference/inference.ts';
import { defineResource, defineTool, type Toolset } from '../toolset.ts';
import { fleetConfig } from './config.ts';
import { VIEW } from './view.ts';

export interface FleetDeps {
  readonly inference: Pick<Inference, 'backends'>;
  now(): Date;
}

const SCOPE = 'fleet:read';
export const VIEW_URI = 'ui://mcp-fleet/fleet-status';

const backend = z.object({
  name: z.string().describe('Name of the ModelBackend.'),
  ready: z.boolean().describe('Whether questions are sent to it.'),
  reason: z.string().describe('Reason of its condition Ready.'),
  models: z.array(z.string()).describe('Models that it offers.'),
});

const fleetStatusTool = defineTool<FleetDeps>()({
  name: 'fleet_status',
  title: 'Status of the fleet',
  description:
    'Lists the model backends that this server may use, whether each is ready, why not, and its models. Changes nothing.',
  input: z.object({}),
  output: z.object({
    summary: z.string().describe('The same in a sentence.'),
    checkedAt: z.iso.datetime().describe('When this was so.'),
    backends: z.array(backend).describe('In the order of their names.'),
  }),
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  scope: SCOPE,
  meta: { ui: { resourceUri: VIEW_URI } },
  run: async (_input, { deps }) => {
    const backends = deps.inference.backends().map((view) => ({ ...view, models: [...view.models] }));
    const ready = backends.filter((one) => one.ready).length;
    const summary =
      backends.length === 0
        ? 'This server has no model backends.'
        : `${ready} of ${backends.length} model backends are ready.`;
    return { summary, checkedAt: deps.now().toISOString(), backends };
  },
});

const fleetStatusView = defineResource<FleetDeps>()({
  uri: VIEW_URI,
  name: 'fleet-status',
  title: 'Status of the fleet',
  description: 'The page in which hosts show what fleet_status gives.',
  mimeType: 'text/html;profile=mcp-app',
  scope: SCOPE,
  cache: { ttlMs: 300_000, scope: 'public' },
  meta: { ui: { prefersBorder: true } },
  read: () => Promise.resolve(VIEW),
});

export const fleet: Toolset<FleetDeps, Record<string, never>> = {
  name: 'fleet',
  config: fleetConfig,
  instructions: 'Tells which model backends the server can use: call fleet_status when answers fail or are degraded.',
  migrations: [],
  tools: [fleetStatusTool],
  resources: [fleetStatusView],
  open: (context) => ({ inference: context.inference, now: () => context.now() }),
};
