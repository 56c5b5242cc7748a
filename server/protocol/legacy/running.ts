/**
 * A request under way that can be taken back. The signal is made when somebody looks at it, which most calls do not.
 */
export class Running {
  readonly #takenBack: () => void;
  #controller: AbortController | undefined;
  #aborted = false;

  constructor(takenBack: () => void = () => undefined) {
    this.#takenBack = takenBack;
  }

  get aborted(): boolean {
    return this.#aborted;
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  abort(): void {
    this.#aborted = true;
    this.#controller?.abort();
    this.#takenBack();
  }
}
