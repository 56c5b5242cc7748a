// The image of the container that holds a pod's namespaces, packed from the
// program `pause` of binaries/. The node needs it before it can run any pod.

import { join } from 'node:path';
import { writeImage } from '../../images/oci.ts';
import type { Built } from './binaries.ts';
import { exists } from './files.ts';

export const pauseImage = 'mcpfleet.local/pause:dev';

/** Path of the OCI archive; written beside the program, once. */
export async function pauseArchive(pause: Built): Promise<string> {
  const archive = join(pause.folder, 'image.tar');
  if (!(await exists(archive))) {
    const files = [{ path: '/pause', mode: 0o755, source: pause.path }];
    await writeImage(
      { name: pauseImage, layers: [{ files }], config: { entrypoint: ['/pause'], user: '65535:65535' } },
      archive,
    );
  }
  return archive;
}
