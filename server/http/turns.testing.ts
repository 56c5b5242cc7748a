/** How much other work of the process came between, for tests of work that must let others through. */
export async function turnsDuring(work: () => Promise<void>): Promise<number> {
  let turns = 0;
  let running = true;
  const other = (): void => {
    turns += 1;
    if (running) setImmediate(other);
  };
  setImmediate(other);
  await work();
  running = false;
  return turns;
}
