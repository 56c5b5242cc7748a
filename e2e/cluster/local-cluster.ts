// A running local cluster seen from any process of this machine: everything it
// needs stands in the run folder. Does not start the cluster; local.ts does.

import { basename } from 'node:path';
import { UsageError } from '../command-line.ts';
import { endRun } from './cleanup.ts';
import { command } from './command.ts';
import { importImages } from './containerd.ts';
import { forward } from './forward.ts';
import { ended, isAlive, signalProcess } from './pids.ts';
import { createUser } from './pki.ts';
import { type Sandbox, start } from './processes.ts';
import {
  type Cluster,
  type ForwardTarget,
  type RunningProcess,
  type RunOptions,
  UnsupportedError,
} from './provider.ts';
import { type ClusterRecord, type ProcessRecord, RunFolder } from './run-folder.ts';
import { openSandbox } from './sandbox.ts';

async function recorded(run: RunFolder, name: string): Promise<ProcessRecord> {
  const record = await run.readProcess(name);
  if (!record) throw new UnsupportedError(`The cluster ${run.id} runs no ${name}; a higher tier does.`);
  return record;
}

async function resolve(target: ForwardTarget, kubectl: string, kubeconfig: string): Promise<string> {
  if ('host' in target) return target.host;
  const { namespace, service } = target;
  const args = [
    '--kubeconfig',
    kubeconfig,
    '-n',
    namespace,
    'get',
    'service',
    service,
    '-o=jsonpath={.spec.clusterIP}',
  ];
  const address = await command(kubectl, args);
  if (address === '' || address === 'None') throw new Error(`The Service ${namespace}/${service} has no cluster IP.`);
  return address;
}

async function run(
  sandbox: Sandbox,
  program: string,
  args: readonly string[],
  options: RunOptions,
): Promise<RunningProcess> {
  const name = options.name ?? basename(program);
  const before = await sandbox.run.readProcess(name);
  if (before && isAlive(before))
    throw new Error(`A process named ${name} runs in ${sandbox.run.id} already; give this one another name.`);
  const record = await start(sandbox, { ...options, name, command: program, args });
  return {
    pid: record.pid,
    log: sandbox.run.log(name),
    async stop(signal = 'SIGTERM') {
      signalProcess(record, signal);
      if (await ended(record, 10_000)) return;
      signalProcess(record, 'SIGKILL');
      await ended(record, 5000);
    },
  };
}

function cluster(sandbox: Sandbox, record: ClusterRecord): Cluster {
  const folder = sandbox.run;
  const kubeconfig = folder.file('kubeconfig', 'outside.yaml');
  const capabilities = new Set(record.capabilities);
  return {
    name: folder.id,
    provider: 'local',
    kubeconfig,
    insideKubeconfig: folder.file('kubeconfig', 'admin.yaml'),
    capabilities,
    ...(record.ingressUrl === undefined ? {} : { ingress: { url: record.ingressUrl } }),
    ...(record.auditLog === undefined ? {} : { auditLog: record.auditLog }),
    binaries: record.binaries,
    runDir: folder.path,
    async loadImage(tar) {
      if (!capabilities.has('loadImage')) {
        throw new UnsupportedError('This cluster runs no containers: images need the tier "pods".');
      }
      await importImages(folder, tar);
    },
    user: (name, groups = []) => createUser(folder, { name, groups }, record.apiPort, new Date()),
    forward: async (target) =>
      forward(sandbox, await resolve(target, record.binaries.kubectl, kubeconfig), target.port),
    run: (program, args = [], options = {}) => run(sandbox, program, args, options),
    async signal(component, signal) {
      const found = await recorded(folder, component);
      if (!signalProcess(found, signal)) throw new Error(`${component} does not run.`);
    },
    async restart(component) {
      const { pid, start: startTime, ...spec } = await recorded(folder, component);
      if (!(await ended({ pid, start: startTime }, 5000))) throw new Error(`${component} still runs; end it first.`);
      await start(sandbox, spec);
    },
    async stop() {
      await endRun(folder);
    },
  };
}

/** Opens the cluster of a run folder. Throws when it does not run. */
export async function openLocal(runDir: string): Promise<Cluster> {
  const folder = new RunFolder(runDir);
  const record = await folder.read('cluster');
  if (!record) throw new UsageError(`No cluster is ready in ${runDir}.`);
  return cluster(await openSandbox(folder), record);
}
