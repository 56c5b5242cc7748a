// vitest global set-up of the project `e2e`: one cluster that runs pods, with the
// product installed on it, for all end-to-end tests. Tests get it by
// connect(inject('cluster')).

import type { TestProject } from 'vitest/node';
import { allImages, installCharts, restrictedNamespace, SYSTEM_NAMESPACE } from '../fleet.ts';
import { chooseProvider } from './choose.ts';
import { clusterInfo } from './connect.ts';
import { kubectl } from './kubectl.ts';
import { places } from './places.ts';
import { progressLines } from './progress.ts';
import { type Cluster, step } from './provider.ts';

let cluster: Cluster | undefined;

export async function setup(project: TestProject): Promise<void> {
  const provider = await chooseProvider(process.env);
  const progress = progressLines((line) => process.stderr.write(line));
  const started = await provider.start({ tier: 'pods', name: 'test-e2e', progress });
  cluster = started;
  const images = await step(progress, 'Build images', () => allImages(places(process.env).cache, progress));
  await step(progress, 'Load images', async () => {
    for (const { file } of images) await started.loadImage(file);
  });
  await step(progress, 'Install the charts', async () => {
    await kubectl(started).apply(restrictedNamespace(SYSTEM_NAMESPACE));
    await installCharts(started);
  });
  project.provide('cluster', clusterInfo(started, process.env['MCP_FLEET_IMAGE_REGISTRY']));
}

export async function teardown(): Promise<void> {
  await cluster?.stop();
}
