import type { Logger } from '@kvasir/service';

/** Why a shape is left to the engine. */
export interface Contradiction {
  readonly shape: string;
  readonly reason: 'probe' | 'usage';
  readonly ownTokens: number;
  readonly engineTokens: number;
}

/** Shapes of requests that this process renders otherwise than the engine: told once each, and left to the engine from then on. */
export class ShapeBook {
  readonly #logger: Logger;
  /** Null: not compared with the engines that are there now. */
  readonly #sources = new Map<string, 'here' | 'engine' | null>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** By its own shape, or by one feature of it that was probed alone. */
  isOfEngine(shape: string): boolean {
    const isTheirs = (known: string): boolean => this.#sources.get(known) === 'engine';
    const [base = '', ...features] = shape.split('+');
    return isTheirs(shape) || isTheirs(base) || features.some((feature) => isTheirs(`${base}+${feature}`));
  }

  proved(shape: string): void {
    if (this.#sources.get(shape) !== 'engine') this.#sources.set(shape, 'here');
  }

  contradicted(contradiction: Contradiction): void {
    const { shape } = contradiction;
    if (this.#sources.get(shape) === 'engine') return;
    this.#sources.set(shape, 'engine');
    this.#logger.warn(
      contradiction,
      'prompts of this shape are rendered otherwise by the engine: it is asked for them from now on',
    );
  }

  /** Other engines are there: what was found out is found out anew. */
  clear(): void {
    for (const shape of this.#sources.keys()) this.#sources.set(shape, null);
  }

  /** Every shape that was ever compared. */
  sources(): ReadonlyMap<string, 'here' | 'engine' | null> {
    return this.#sources;
  }
}
