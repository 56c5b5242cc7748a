// The cgroups of a run: one tree per hierarchy, under a name of its own, that
// holds every process of the run and of its pods. What is in it belongs to the
// run, so it can be ended without asking who started it. Works with cgroup v1,
// v2 and both; knows nothing of clusters.

import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

interface Hierarchy {
  readonly path: string;
  readonly unified: boolean;
}

async function hierarchies(): Promise<readonly Hierarchy[]> {
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n').map((line) => line.split(' '));
  return mounts.flatMap(([, path, type]) =>
    path !== undefined && (type === 'cgroup' || type === 'cgroup2') ? [{ path, unified: type === 'cgroup2' }] : [],
  );
}

/** The subfolder for the run's own processes: cgroup v2 allows processes only in leaves, and pods go beside it. */
const own = 'processes';

const podControllers = ['cpu', 'cpuset', 'memory', 'pids', 'hugetlb'];

/** Makes the run's cgroup everywhere and returns the file that takes the pids of its own processes. */
export async function createCgroup(name: string): Promise<string> {
  const found = await hierarchies();
  const first = found.find((hierarchy) => /\/(pids|freezer|cpu)$/.test(hierarchy.path)) ?? found[0];
  if (!first) throw new Error('No cgroup hierarchy is mounted on this machine.');
  for (const hierarchy of found) {
    await mkdir(join(hierarchy.path, name), { recursive: true });
    if (hierarchy.unified && found.length === 1) await delegate(hierarchy.path);
  }
  await mkdir(join(first.path, name, own), { recursive: true });
  return join(first.path, name, own, 'cgroup.procs');
}

/** Lets the children of the v2 root have the controllers that the kubelet asks for. */
async function delegate(root: string): Promise<void> {
  const available = (await readFile(join(root, 'cgroup.controllers'), 'utf8')).trim().split(' ');
  for (const controller of podControllers.filter((name) => available.includes(name))) {
    await writeFile(join(root, 'cgroup.subtree_control'), `+${controller}`);
  }
}

async function subtree(folder: string): Promise<readonly string[]> {
  let entries: readonly { readonly name: string; isDirectory(): boolean }[];
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch {
    return []; // gone, or going
  }
  const below = await Promise.all(
    entries.filter((entry) => entry.isDirectory()).map((entry) => subtree(join(folder, entry.name))),
  );
  return [...below.flat(), folder]; // children first
}

async function trees(name: string): Promise<readonly string[]> {
  const all = await Promise.all((await hierarchies()).map(({ path }) => subtree(join(path, name))));
  return all.flat();
}

/** The pids of all processes in the run's cgroup, in any hierarchy. */
export async function cgroupProcesses(name: string): Promise<readonly number[]> {
  const pids = new Set<number>();
  for (const folder of await trees(name)) {
    const text = await readFile(join(folder, 'cgroup.procs'), 'utf8').catch(() => '');
    for (const line of text.split('\n')) if (line !== '' && line !== '0') pids.add(Number(line));
  }
  return [...pids];
}

/** Removes the run's cgroup everywhere; returns those that are still in use. */
export async function removeCgroup(name: string): Promise<readonly string[]> {
  const busy: string[] = [];
  for (const folder of await trees(name)) {
    try {
      await rmdir(folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') busy.push(folder);
    }
  }
  return busy;
}
