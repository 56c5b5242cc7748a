/**
 * The part of an McpServer that says where its toolsets keep their data.
 */
import { z } from 'zod';
import { objectName, quantity, secretKey } from './parts.ts';
import { withRules } from './schema.ts';

export const storage = withRules(
  z.object({
    type: z
      .enum(['Embedded', 'Postgres'])
      .default('Embedded')
      .describe('Embedded is SQLite on a volume of one pod; Postgres serves any number of pods.'),
    embedded: z
      .object({
        size: quantity().default('1Gi').describe('Size of the volume.'),
        storageClassName: objectName()
          .optional()
          .describe("StorageClass of the volume; the cluster's default without it."),
        retain: z.boolean().default(true).describe('Keep the volume when the McpServer is deleted.'),
        ephemeral: z.boolean().default(false).describe('Keep data only as long as the pod lives; no volume claim.'),
      })
      .optional()
      .describe('Settings of Embedded storage.'),
    postgres: z
      .object({
        urlSecretRef: secretKey().describe('Secret with the connection URL (postgres://…).'),
        poolSize: z.int32().min(1).max(200).default(20).describe('Connections per pod.'),
      })
      .optional()
      .describe('Settings of Postgres storage.'),
  }),
  [
    {
      rule: "(self.type == 'Postgres') == has(self.postgres)",
      message: 'storage.postgres must be set when storage.type is Postgres, and only then',
      test: (s) => (s.type === 'Postgres') === (s.postgres !== undefined),
    },
    {
      rule: "self.type == 'Embedded' || !has(self.embedded)",
      message: 'storage.embedded may only be set when storage.type is Embedded',
      test: (s) => s.type === 'Embedded' || s.embedded === undefined,
    },
  ],
).describe('Where toolsets keep their data.');
