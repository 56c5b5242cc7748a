// `npm run down`: ends every cluster of this project on this machine, also
// those whose starter was killed, and prints what it ended.

import { type Ended, endRun } from './cluster/cleanup.ts';
import { deleteKindClusters } from './cluster/kind.ts';
import { places } from './cluster/places.ts';
import { runFolders } from './cluster/run-folder.ts';
import { runCommand, UsageError } from './command-line.ts';

const usage = `Usage: npm run down [-- --run <id>]

Ends every cluster that "npm run up" and the tests started on this machine: their processes, pods, mounts,
network namespaces, cgroups and folders. A second run finds nothing to do. Built programs and images stay in the cache.

  --run <id>   ends this cluster only (its folder's name)
  --help       shows this text
`;

function report({ id, processes, others, mounts }: Ended): string {
  const parts = [
    processes.length > 0 ? `processes ${processes.join(', ')}` : 'no process of its own',
    others > 0 ? `${others} more in its cgroup (pods and their shims)` : '',
    mounts > 0 ? `${mounts} mounts` : '',
  ];
  return `Ended ${id}: ${parts.filter((part) => part !== '').join('; ')}.\n`;
}

async function down(only: string | undefined): Promise<number> {
  const here = places(process.env);
  const runs = (await runFolders(here.runs)).filter(({ id }) => only === undefined || id === only);
  if (only !== undefined && runs.length === 0) throw new UsageError(`There is no run ${only} in ${here.runs}.`);
  if (runs.length > 0 && process.getuid?.() !== 0)
    throw new UsageError('Ending a local cluster needs root (try sudo).');
  for (const run of runs) process.stdout.write(report(await endRun(run)));
  const kind = only === undefined ? await deleteKindClusters(here) : [];
  for (const name of kind) process.stdout.write(`Deleted the kind cluster ${name}.\n`);
  if (runs.length + kind.length === 0) process.stdout.write('Nothing to end.\n');
  return 0;
}

await runCommand({ usage, options: { run: { type: 'string' } } }, ({ run }) => down(run));
