/**
 * The handshake of the revisions that have one: who the client says it is, which revision is spoken, and what this
 * server can do. One that has anything to say unasked shakes hands in a conversation only.
 */
import type { Client, ClientCapabilities } from '../../toolsets/call.ts';
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

/** A session keeps what is read here for as long as it lives, so none of it is as large as the client likes. */
export function readInitialize({ protocolVersion, capabilities, clientInfo }: Params): Handshake {
  const { name, version } = isObject(clientInfo) ? clientInfo : {};
  return {
    revision: negotiated(protocolVersion),
    client: {
      capabilities: isObject(capabilities) ? readCapabilities(capabilities) : {},
      ...(typeof name === 'string' && typeof version === 'string'
        ? { info: { name: beginning(name), version: beginning(version) } }
        : {}),
    },
  };
}

/** Whoever asks for a capability looks only whether it is there. */
function readCapabilities({ elicitation, sampling, roots }: Params): ClientCapabilities {
  return {
    ...(isObject(elicitation) && {
      elicitation: {
        ...(isObject(elicitation['form']) && { form: {} }),
        ...(isObject(elicitation['url']) && { url: {} }),
      },
    }),
    ...(isObject(sampling) && { sampling: {} }),
    ...(isObject(roots) && { roots: {} }),
  };
}

/** A copy, because a slice would hold on to the whole text (V8). */
const beginning = (text: string): string => Buffer.from(text.slice(0, MAX_NAME)).toString();

export const initializeResult = (table: Table, serverInfo: Identity, revision: LegacyRevision): object => ({
  protocolVersion: revision,
  capabilities: capabilitiesOf(table),
  serverInfo,
  ...(table.instructions === '' ? {} : { instructions: table.instructions }),
});
