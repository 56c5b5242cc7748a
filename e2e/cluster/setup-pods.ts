// vitest global set-up of the project `e2e`: one cluster that runs pods, for
// all end-to-end tests. Tests get it by connect(inject('cluster')).

import type { TestProject } from 'vitest/node';
import { chooseProvider } from './choose.ts';
import { clusterInfo } from './connect.ts';
import { progressLines } from './progress.ts';
import type { Cluster } from './provider.ts';

let cluster: Cluster | undefined;

export async function setup(project: TestProject): Promise<void> {
  const provider = await chooseProvider(process.env);
  const progress = progressLines((line) => process.stderr.write(line));
  cluster = await provider.start({ tier: 'pods', name: 'test-e2e', progress });
  project.provide('cluster', clusterInfo(cluster, process.env['MCP_FLEET_IMAGE_REGISTRY']));
}

export async function teardown(): Promise<void> {
  await cluster?.stop();
}
