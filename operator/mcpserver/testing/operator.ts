/**
 * The controller as a process would run it, against whatever API server a test has.
 */
import { workloadInformers } from '#operator/workload/informers.ts';
import * as workload from '#operator/workload/testing/operator.ts';
import { mcpServerCaches } from '../caches.ts';
import { createMcpServerController } from '../controller.ts';
import { OPTIONS } from './fixtures.ts';

export interface OperatorOptions extends workload.OperatorOptions {
  /** URL of what stands for the servers. */
  readonly proxy: string;
}

export function startOperator({ proxy, ...options }: OperatorOptions): workload.Operator {
  return workload.startOperator(options, (manager, common) => {
    const caches = mcpServerCaches(manager, workloadInformers(manager));
    const { controller, run } = createMcpServerController({
      ...common,
      caches,
      serverImage: OPTIONS.serverImage,
      conformanceImage: OPTIONS.conformanceImage,
      version: '0.1.0',
      proxy: { http: proxy },
    });
    manager.add(controller);
    manager.addRunnable(run);
    return { caches };
  });
}
