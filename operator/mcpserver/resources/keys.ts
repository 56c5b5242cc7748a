/**
 * The Secret with the key that all pods of one server share. Made once and never written again: a new key would break
 * what clients hold. Who exchanges it edits the Secret: pods take up both keys while they run.
 */
import { apiVersionOf } from '#operator/kit/object.ts';
import { secrets } from '#operator/kit/resources.ts';
import type { Secret } from '#operator/kit/wire.ts';
import type { CachedMcpServer } from '#operator/workload/customresources.ts';
import { childMetadata, SEALING_KEY, SUFFIX } from '../names.ts';

export const KEY_BYTES = 32;

export const keysSecret = (server: CachedMcpServer, key: Uint8Array): Secret => ({
  apiVersion: apiVersionOf(secrets),
  kind: secrets.kind,
  metadata: childMetadata(server, SUFFIX.keys),
  type: 'Opaque',
  data: { [SEALING_KEY]: Buffer.from(key).toString('base64') },
});
