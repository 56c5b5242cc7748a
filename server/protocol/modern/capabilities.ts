/**
 * What a server says of itself by `server/discover`: revisions, capabilities with those of extensions, instructions.
 */
import { capabilitiesOf } from '../capabilities.ts';
import { MODERN } from '../request.ts';
import type { Table } from '../table.ts';
import type { Extension } from './methods.ts';

export function discovered(table: Table, extensions: readonly Extension[]): object {
  return {
    supportedVersions: [MODERN],
    capabilities: {
      ...capabilitiesOf(table),
      ...(extensions.length > 0 && {
        extensions: Object.fromEntries(extensions.map(({ id, settings }) => [id, settings])),
      }),
    },
    ...(table.instructions === '' ? {} : { instructions: table.instructions }),
  };
}
