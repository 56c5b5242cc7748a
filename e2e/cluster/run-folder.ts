// The folder that a local cluster lives in: its layout, and the records from
// which another process can use the cluster or end it. Reads and writes files;
// starts and ends nothing.

import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listIfThere, readIfThere } from './files.ts';
import type { ProcessId } from './pids.ts';
import type { Binaries, Capability, Tier } from './provider.ts';

/** Written before anything is started. */
export interface RunRecord {
  readonly id: string;
  readonly tier: Tier;
  /** The process that the run belongs to; without one it lives until `down`. */
  readonly owner?: ProcessId;
  readonly created: string;
}

/** Written when the network and mount namespace exists. */
export interface SandboxRecord {
  /** The process whose namespaces all others join. */
  readonly holder: ProcessId;
}

/** Written when the cluster is ready. */
export interface ClusterRecord {
  readonly capabilities: readonly Capability[];
  readonly apiPort: number;
  readonly ingressUrl?: string;
  readonly auditLog?: string;
  readonly binaries: Binaries;
}

/** One file per process that was started; enough to signal it and to start it again. */
export interface ProcessRecord extends ProcessId {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
}

interface Records {
  readonly run: RunRecord;
  readonly sandbox: SandboxRecord;
  readonly cluster: ClusterRecord;
}

export class RunFolder {
  readonly path: string;
  readonly id: string;

  constructor(path: string) {
    this.path = path;
    this.id = path.slice(path.lastIndexOf('/') + 1);
  }

  /** Name of the run's cgroup in every hierarchy. It follows from the folder's name: no record is needed to clean up. */
  get cgroup(): string {
    return `mcp-fleet-${this.id}`;
  }

  file(...parts: readonly string[]): string {
    return join(this.path, ...parts);
  }

  log(name: string): string {
    return this.file('logs', `${name}.log`);
  }

  async write<K extends keyof Records>(kind: K, record: Records[K]): Promise<void> {
    await writeWhole(this.file(`${kind}.json`), record);
  }

  async read<K extends keyof Records>(kind: K): Promise<Records[K] | undefined> {
    return readRecord<Records[K]>(this.file(`${kind}.json`));
  }

  async writeProcess(record: ProcessRecord): Promise<void> {
    await writeWhole(this.file('processes', `${record.name}.json`), record);
  }

  async readProcess(name: string): Promise<ProcessRecord | undefined> {
    return readRecord<ProcessRecord>(this.file('processes', `${name}.json`));
  }

  async processes(): Promise<readonly ProcessRecord[]> {
    const names = await listIfThere(this.file('processes'));
    const records = await Promise.all(
      names.filter((name) => name.endsWith('.json')).map((name) => this.readProcess(name.slice(0, -5))),
    );
    return records.filter((record) => record !== undefined);
  }
}

/** Writes a file so that a reader sees all of it or none. */
export async function writeWhole(file: string, record: object): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  await writeFile(temporary, `${JSON.stringify(record, undefined, 1)}\n`, { mode: 0o600 });
  await rename(temporary, file);
}

async function readRecord<T>(file: string): Promise<T | undefined> {
  const text = await readIfThere(file);
  return text === undefined ? undefined : (JSON.parse(text) as T);
}

/** All run folders, of living and dead runs. A folder without the record of a run is somebody else's. */
export async function runFolders(runs: string): Promise<readonly RunFolder[]> {
  const folders = (await listIfThere(runs))
    .filter((name) => !name.startsWith('.'))
    .map((name) => new RunFolder(join(runs, name)));
  const records = await Promise.all(folders.map((folder) => folder.read('run')));
  return folders.filter((folder, i) => records[i]?.id === folder.id);
}

/** Removes a run folder; its record goes last, so that an interrupted removal is taken up again. */
export async function removeRunFolder(run: RunFolder): Promise<void> {
  for (const name of await listIfThere(run.path)) {
    if (name !== 'run.json') await rm(run.file(name), { recursive: true, force: true });
  }
  await rm(run.path, { recursive: true, force: true });
}

// The path of a Unix socket has at most 107 characters; the kubelet's longest takes 45 below this folder.
const longestPath = 62;

/** Makes the folder of a new run and writes down whose it is. */
export async function createRunFolder(runs: string, record: Omit<RunRecord, 'id'>, name: string): Promise<RunFolder> {
  const folder = new RunFolder(join(runs, `${name}-${randomBytes(3).toString('hex')}`));
  if (folder.path.length > longestPath) {
    throw new Error(
      `MCP_FLEET_RUN_DIR is too long for the sockets below it: ${folder.path} has more than ${longestPath} characters.`,
    );
  }
  await mkdir(runs, { recursive: true, mode: 0o700 });
  // The record is there when the folder is: a clean-up in another process never sees a run without an owner.
  const staging = join(runs, `.${folder.id}`);
  await mkdir(staging, { mode: 0o700 });
  await writeWhole(join(staging, 'run.json'), { id: folder.id, ...record });
  await rename(staging, folder.path);
  for (const part of ['processes', 'logs', 'pki', 'kubeconfig', 'etcd']) await mkdir(folder.file(part));
  return folder;
}
