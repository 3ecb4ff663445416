import { FindingBook } from '@kvasir/self-check';
import type { Finding, StandingFinding } from '@kvasir/self-check';
import type { CancelTimer, Clock } from './clock.js';
import type { Logger } from './logger.js';
import type { Gauge, Metrics } from './metrics.js';

/** How often a program looks at itself. */
const LOOK_MS = 1_000;

/** A part of a program that can say what is wrong with it now. Must be cheap, and must not throw. */
export type FindingSource = () => readonly Finding[];

export interface SelfCheckParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly sources: readonly FindingSource[];
}

/**
 * Looks again and again at what a program knows, and tells what is wrong: in the log when it begins and when it is over, as a metric, and to
 * whoever asks. Nothing in it changes what the program does.
 */
export class SelfCheck {
  readonly #parts: SelfCheckParts;
  readonly #book = new FindingBook();
  readonly #counts: Gauge<'code' | 'severity'>;
  #cancel: CancelTimer | null = null;

  constructor(parts: SelfCheckParts) {
    this.#parts = parts;
    this.#counts = parts.metrics.gauge({
      name: 'kvasir_self_check_findings',
      help: 'Things that are wrong now although the service runs, by check; docs/troubleshooting.md says what to do.',
      labels: ['code', 'severity'],
      collect: (gauge) => this.#count(gauge),
    });
    parts.metrics.gauge({
      name: 'kvasir_self_check_left_out_findings',
      help: 'Findings beyond those that are kept at a time.',
      collect: (gauge) => gauge.set(this.#book.leftOut),
    });
  }

  start(): void {
    this.#cancel ??= this.#parts.clock.every(LOOK_MS, () => this.#look());
  }

  close(): void {
    this.#cancel?.();
  }

  /** What is wrong now. */
  readonly findings = (): readonly StandingFinding[] => {
    this.#look();
    return this.#book.standing();
  };

  #look(): void {
    const { clock, logger, sources } = this.#parts;
    const { begun, ended } = this.#book.look(
      clock.nowMs(),
      sources.flatMap((source) => source()),
    );
    for (const { code, severity, subject, message } of begun)
      logger[severity === 'error' ? 'error' : 'warn'](
        { code, subject, finding: message },
        'self-check: something is wrong',
      );
    for (const { code, subject } of ended) logger.info({ code, subject }, 'self-check: this is over');
  }

  #count(gauge: Gauge<'code' | 'severity'>): void {
    gauge.reset();
    for (const { code, severity } of this.#book.standing()) gauge.inc({ code, severity });
  }
}
