// The container runtime of a local cluster: its configuration, where it keeps
// images, and how they get in. Knows nothing of Kubernetes but the namespace
// in which the kubelet's images stand.

import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { command } from './command.ts';
import { readIfThere } from './files.ts';
import { archivedImages } from './image-archive.ts';
import { withLock } from './lock.ts';
import { pauseImage } from './pause.ts';
import { ended, isAlive, type ProcessId, signalProcess } from './pids.ts';
import { ready, type Sandbox, start } from './processes.ts';
import { type RunFolder, writeWhole } from './run-folder.ts';

const socket = (run: RunFolder) => run.file('containerd.sock');

const criPlugin = 'io.containerd.grpc.v1.cri';

async function ctr(run: RunFolder, ...args: readonly string[]): Promise<string> {
  return command('ctr', ['-a', socket(run), '-n', 'k8s.io', ...args], { timeout: 300_000 });
}

async function configuration(run: RunFolder, root: string, cri: boolean): Promise<string> {
  const overlay = 0x794c7630; // OVERLAYFS_SUPER_MAGIC: an overlay cannot lie on an overlay
  const snapshotter = (await statfs(root)).type === overlay ? 'native' : 'overlayfs';
  const unused = [
    'io.containerd.internal.v1.opt',
    'io.containerd.snapshotter.v1.aufs',
    'io.containerd.snapshotter.v1.btrfs',
    'io.containerd.snapshotter.v1.devmapper',
    'io.containerd.snapshotter.v1.zfs',
    ...(cri ? [] : [criPlugin]),
  ];
  return `version = 2
root = ${JSON.stringify(root)}
state = ${JSON.stringify(run.file('containerd'))}
disabled_plugins = ${JSON.stringify(unused)}
[grpc]
address = ${JSON.stringify(socket(run))}
[plugins."${criPlugin}"]
sandbox_image = ${JSON.stringify(pauseImage)}
# Root without CAP_SYS_RESOURCE may not lower the OOM score of a container below its own.
restrict_oom_score_adj = true
disable_apparmor = true
tolerate_missing_hugetlb_controller = true
enable_unprivileged_ports = true
[plugins."${criPlugin}".containerd]
snapshotter = "${snapshotter}"
[plugins."${criPlugin}".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."${criPlugin}".containerd.runtimes.runc.options]
SystemdCgroup = false
[plugins."${criPlugin}".cni]
bin_dir = "/usr/lib/cni"
conf_dir = ${JSON.stringify(run.file('cni'))}
`;
}

/** The folder for images: the one in the cache, so that they need not be imported again, unless another cluster uses it. */
async function claimRoot(cache: string, run: RunFolder, holder: ProcessId): Promise<string> {
  const shared = join(cache, 'containerd');
  const owner = join(shared, 'owner.json');
  return withLock(join(shared, 'lock'), async () => {
    const other = JSON.parse((await readIfThere(owner)) ?? 'null') as ProcessId | null;
    const taken = other !== null && isAlive(other);
    if (!taken) await writeWhole(owner, holder);
    const root = taken ? run.file('containerd-root') : join(shared, 'root');
    await mkdir(root, { recursive: true, mode: 0o700 });
    return root;
  });
}

async function launch(sandbox: Sandbox, root: string, cri: boolean): Promise<ProcessId> {
  const file = sandbox.run.file('containerd.toml');
  await writeFile(file, await configuration(sandbox.run, root, cri));
  const process = await start(sandbox, { name: 'containerd', command: 'containerd', args: ['--config', file] });
  const answers = () =>
    ctr(sandbox.run, 'version').then(
      () => true,
      () => false,
    );
  await ready(sandbox.run, 'containerd', answers, 20);
  return process;
}

/** Starts containerd; what pods of an earlier cluster left in its records is taken out first. */
export async function startContainerd(sandbox: Sandbox, cache: string): Promise<void> {
  const { run } = sandbox;
  const root = await claimRoot(cache, run, sandbox.holder);
  await rm(join(root, criPlugin), { recursive: true, force: true });
  await rm(join(root, 'io.containerd.runtime.v2.task'), { recursive: true, force: true });
  const bare = await launch(sandbox, root, false);
  const stale = (await ctr(run, 'containers', 'ls', '-q')).split('\n').filter((id) => id !== '');
  if (stale.length > 0) await ctr(run, 'containers', 'rm', ...stale);
  signalProcess(bare, 'SIGTERM');
  if (!(await ended(bare, 10_000))) signalProcess(bare, 'SIGKILL');
  await launch(sandbox, root, true);
}

/** Imports every image of an OCI archive that is not there under its name with the same digest. */
export async function importImages(run: RunFolder, tar: string): Promise<void> {
  const images = await archivedImages(tar);
  const present = await ctr(run, 'images', 'ls');
  const missing = images.filter(
    ({ name, digest }) =>
      !present.split('\n').some((line) => line.startsWith(`${name} `) && line.includes(` ${digest} `)),
  );
  if (missing.length > 0) await ctr(run, 'images', 'import', tar);
}
