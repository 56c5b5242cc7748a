/**
 * The example manifests, read from `crds/examples/`: documentation that tests keep valid.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { Row } from './objects.ts';

export interface Example {
  readonly file: string;
  readonly object: Row;
}

const FOLDER = join(import.meta.dirname, '..', 'examples');

export const EXAMPLES: readonly Example[] = readdirSync(FOLDER)
  .sort()
  .flatMap((file) =>
    parseAllDocuments(readFileSync(join(FOLDER, file), 'utf8')).map((document) => ({
      file,
      object: document.toJS() as Row,
    })),
  );
