/**
 * The handshake of the revisions that have one: who the client says it is, which revision is spoken, and what this
 * server can do on the leg that the client is on.
 */
import type { Client } from '../../toolsets/call.ts';
import type { Identity } from '../identity.ts';
import { isObject, type Params } from '../message.ts';
import type { Table } from '../table.ts';
import { type LegacyRevision, negotiated } from './revisions.ts';

/** A conversation can carry what the server has to say unasked; without one every request stands alone. */
export type Leg = 'conversation' | 'stateless';

export interface Handshake {
  readonly revision: LegacyRevision;
  readonly client: Client;
}

const MAX_NAME = 128;

export function readInitialize({ protocolVersion, capabilities, clientInfo }: Params): Handshake {
  const { name, version } = isObject(clientInfo) ? clientInfo : {};
  return {
    revision: negotiated(protocolVersion),
    client: {
      // Whoever asks for a capability looks only whether it is there.
      capabilities: isObject(capabilities) ? capabilities : {},
      ...(typeof name === 'string' && typeof version === 'string'
        ? { info: { name: name.slice(0, MAX_NAME), version: version.slice(0, MAX_NAME) } }
        : {}),
    },
  };
}

export const initializeResult = (table: Table, serverInfo: Identity, revision: LegacyRevision, leg: Leg): object => ({
  protocolVersion: revision,
  capabilities: capabilitiesOf(table, leg),
  serverInfo,
  ...(table.instructions === '' ? {} : { instructions: table.instructions }),
});

/** Only what this leg keeps: nothing reaches a stateless client unasked, and nothing of it is remembered. */
export function capabilitiesOf({ hasResources, prompts, completes, needs }: Table, leg: Leg): object {
  const says = (event: 'tools' | 'prompts' | 'resources' | 'resource'): boolean =>
    leg === 'conversation' && needs.publishes.has(event);
  return {
    tools: { listChanged: says('tools') },
    ...(hasResources ? { resources: { listChanged: says('resources'), subscribe: says('resource') } } : {}),
    ...(prompts.size > 0 ? { prompts: { listChanged: says('prompts') } } : {}),
    ...(completes ? { completions: {} } : {}),
    ...(leg === 'conversation' && needs.logging ? { logging: {} } : {}),
  };
}
