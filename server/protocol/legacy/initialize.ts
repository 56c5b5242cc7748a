/**
 * The handshake of the revisions that have one: who the client says it is, which revision is spoken, and what this
 * server can do. One that has anything to say unasked shakes hands in a conversation only.
 */
import type { Client } from '../../toolsets/call.ts';
import { capabilitiesOf } from '../capabilities.ts';
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

export const initializeResult = (table: Table, serverInfo: Identity, revision: LegacyRevision): object => ({
  protocolVersion: revision,
  capabilities: capabilitiesOf(table),
  serverInfo,
  ...(table.instructions === '' ? {} : { instructions: table.instructions }),
});
