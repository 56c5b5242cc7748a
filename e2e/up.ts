/**
 * `npm run up`: from nothing to a tool call through the ingress of a real cluster, each
 * step shown with its time. `--once` takes everything down again; without it the
 * cluster stays until `npm run down`.
 */
import { Listr, type ListrTask, PRESET_TIMER } from 'listr2';
import { connectModern, type ToolResult } from './clients.ts';
import { chooseProvider } from './cluster/choose.ts';
import { kubectl } from './cluster/kubectl.ts';
import { places } from './cluster/places.ts';
import type { Cluster, Progress } from './cluster/provider.ts';
import { runCommand } from './command-line.ts';
import { directions } from './directions.ts';
import { allImages, type FleetImage, ingressUrl, installCharts, samples } from './fleet.ts';

const usage = `Usage: npm run up [-- --once]

Starts a Kubernetes cluster, installs the operator, applies manifests/samples and calls
a tool through the ingress. Which cluster:
  USE_EXISTING_CLUSTER=true and KUBECONFIG   that one
  Docker and kind                            a kind cluster
  otherwise                                  a local control plane (Linux, root)

  --once    take the cluster down again; exit code 0 only if each step held.
            On a cluster that was there already, what was installed stays.
  --help    this text
`;

interface Context {
  cluster?: Cluster;
  images: FleetImage[];
  url: string;
  created?: ToolResult;
  analysed?: ToolResult;
}

async function up(once: boolean): Promise<number> {
  const context: Context = { images: [], url: '' };
  try {
    await new Listr<Context>(tasks(once), {
      ctx: context,
      rendererOptions: { timer: PRESET_TIMER, collapseSubtasks: false },
      fallbackRendererOptions: { timer: PRESET_TIMER },
    }).run();
    process.stdout.write(answers(context));
    if (!once) process.stdout.write(`${directions(context.url, theCluster(context))}\nStop it with: npm run down\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
    if (!once && context.cluster)
      process.stderr.write(`\nThe cluster still runs, to look into: export KUBECONFIG=${context.cluster.kubeconfig}\n`);
    return 1;
  } finally {
    if (once) await context.cluster?.stop();
  }
}

/** Steps of the cluster and of builds, shown as the output of one task. */
const shownIn =
  (task: { output: string }): Progress =>
  ({ step, state, seconds, detail }) => {
    const took = seconds === undefined ? '' : ` (${seconds.toFixed(1)} s)`;
    const how = { start: ' …', done: '', cached: ': there already', info: ':' }[state];
    task.output = `${step}${how}${detail === undefined ? '' : ` ${detail}`}${took}`;
  };

function theCluster(context: Context): Cluster {
  if (!context.cluster) throw new Error('the cluster did not start');
  return context.cluster;
}

const tasks = (once: boolean): ListrTask<Context>[] => [
  {
    title: 'Start a cluster',
    rendererOptions: { persistentOutput: true },
    task: async (context, task) => {
      const provider = await chooseProvider(process.env);
      task.title = `Start a cluster (${provider.name})`;
      context.cluster = await provider.start({ tier: 'pods', name: 'up', keep: !once, progress: shownIn(task) });
    },
  },
  {
    title: 'Build images',
    task: async (context, task) => {
      const { cache } = places(process.env);
      context.images.push(...(await allImages(cache, shownIn(task))));
      task.output = context.images.map((image) => image.name).join(', ');
    },
    rendererOptions: { persistentOutput: true },
  },
  {
    title: 'Load images',
    task: async (context) => {
      for (const image of context.images) await theCluster(context).loadImage(image.file);
    },
  },
  { title: 'Install the charts with helm', task: (context) => installCharts(theCluster(context)) },
  {
    title: 'Apply manifests/samples',
    task: async (context) => void (await kubectl(theCluster(context)).apply(await samples())),
  },
  {
    title: 'Wait for the model and the server to be Ready',
    task: async (context) => {
      const kube = kubectl(theCluster(context));
      await kube.wait('modelbackend/tiny', 'condition=Ready', 120);
      await kube.wait('mcpserver/assistant', 'condition=Ready', 120);
      await kube.wait('mcpserver/assistant', 'condition=Degraded=False', 60);
    },
  },
  {
    title: 'Call create_task and analyze_workload through the ingress',
    task: async (context, task) => {
      context.url = await ingressUrl(theCluster(context), 'default', 'assistant');
      const client = await connectModern(context.url);
      try {
        context.created = await client.callTool('create_task', {
          title: 'Show the board what we built',
          priority: 'high',
        });
        context.analysed = await client.callTool('analyze_workload', {});
      } finally {
        await client.close();
      }
      for (const result of [context.created, context.analysed]) if (result.isError) throw new Error(result.text);
      if (context.analysed.structured['status'] !== 'ok')
        throw new Error(`analyze_workload was not answered by the model: ${context.analysed.text}`);
      task.output = context.url;
    },
    rendererOptions: { persistentOutput: true },
  },
];

function answers({ created, analysed }: Context): string {
  const show = (name: string, result: ToolResult | undefined) =>
    `\n${name}\n${JSON.stringify(result?.structured, undefined, 2)}\n`;
  return `${show('create_task', created)}${show('analyze_workload', analysed)}`;
}

await runCommand({ usage, options: { once: { type: 'boolean', default: false } } }, ({ once }) => up(once));
