import type { Value } from '@kvasir/python-values';

/** What a rendering has of its surroundings. */
export interface Surroundings {
  /** `datetime.now().strftime(format)`; null when the format cannot be served. */
  readonly strftimeNow: (format: string) => string | null;
}

/** What has been written so far. */
export interface Output {
  readonly chunks: string[];
}

/** Variables of one scope. A name that is not here is looked for outside. */
export class Frame {
  private readonly variables = new Map<string, Value>();

  constructor(
    private readonly outer: Frame | null,
    readonly output: Output,
  ) {}

  get(name: string): Value {
    if (this.variables.has(name)) return this.variables.get(name);
    return this.outer?.get(name);
  }

  set(name: string, value: Value): void {
    this.variables.set(name, value);
  }

  /** A scope inside, writing to the same output. */
  inner(): Frame {
    return new Frame(this, this.output);
  }

  /** A scope inside whose output is kept apart. */
  apart(): Frame {
    return new Frame(this, { chunks: [] });
  }

  write(text: string): void {
    this.output.chunks.push(text);
  }

  text(): string {
    return this.output.chunks.join('');
  }
}
