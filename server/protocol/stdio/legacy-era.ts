/**
 * The revisions with `initialize` over a connection: one conversation from its begin to its end.
 */
import type { Caller } from '../../toolsets/call.ts';
import type { Dispatch } from '../dispatch.ts';
import type { Identity } from '../identity.ts';
import { Peer } from '../legacy/peer.ts';
import { hasBatches, hasErrorsWithoutId, WITHOUT_HEADER } from '../legacy/revisions.ts';
import { Running } from '../legacy/running.ts';
import type { Era, Say } from './era.ts';

export interface LegacyEraOptions {
  readonly dispatch: Dispatch;
  readonly identity: Identity;
  readonly caller: Caller;
  readonly say: Say;
}

export function createLegacyEra({ dispatch, identity, caller, say }: LegacyEraOptions): Era {
  const peer = new Peer({ dispatch, identity, transport: 'stdio' }, 'conversation', WITHOUT_HEADER);
  return {
    get hasBatches() {
      return hasBatches(peer.revision);
    },
    get hasErrorsWithoutId() {
      return hasErrorsWithoutId(peer.revision);
    },
    isChosenBy: () => true,
    answer: (message) => peer.answer(message, caller, { running: new Running(), say }),
    notified: (message) => peer.notified(message),
    responded: (message) => void peer.responded(message),
    tell(event) {
      for (const notice of peer.noticesOf(event)) say(notice);
    },
    async hangUp() {
      peer.hangUp('The client has gone.');
    },
  };
}
