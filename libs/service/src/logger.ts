import { pino } from 'pino';
import type { DestinationStream, Logger as PinoLogger } from 'pino';

/** Structured logger: the message is a constant string, variables are fields named as in the types (`workerId`, `prefillTokens`). */
export type Logger = PinoLogger;

/** From most to least talkative; `silent` writes nothing. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

const STANDARD_ERROR = 2;

/**
 * A logger that writes one JSON object per line: `level` as a word, ISO `time`, `name`, then the fields. Errors go under the field `error`.
 * @param options.destination where lines go; standard error when absent: standard output is for what a program was asked for.
 */
export function createLogger(options: {
  readonly name: string;
  readonly level: LogLevel;
  readonly destination?: DestinationStream | undefined;
}): Logger {
  const settings = {
    level: options.level,
    base: { name: options.name },
    errorKey: 'error',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return pino(settings, options.destination ?? pino.destination(STANDARD_ERROR));
}
