/**
 * The order of test files: by name, so that two runs are alike, and what judges a whole
 * run – the audit of rights – last.
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const LAST = /\/rights\.e2e\.test\.ts$/;

export class Sequence extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const byName = files.toSorted((a, b) => a.moduleId.localeCompare(b.moduleId));
    return Promise.resolve([...byName.filter((file) => !isLast(file)), ...byName.filter(isLast)]);
  }
}

const isLast = ({ moduleId }: TestSpecification): boolean => LAST.test(moduleId);
