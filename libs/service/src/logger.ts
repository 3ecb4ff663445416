import { pino } from 'pino';
import type { DestinationStream, LogFn, Logger as PinoLogger } from 'pino';
import { boundedFields, boundedText } from './bounded-fields.js';
import { RepeatedLines } from './repeated-lines.js';

/** Structured logger: the message is a constant string, variables are fields named as in the types (`workerId`, `prefillTokens`). */
export type Logger = PinoLogger;

/** From most to least talkative; `silent` writes nothing. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

const STANDARD_ERROR = 2;
/** Pino's number of the least severe level of which repeated lines are withheld. */
const WARN = 40;

/** Loggers whose lines are records: each is written, however like the last. */
const recordLoggers = new WeakSet<Logger>();

/** A logger of the same destination for lines that are records and no warnings; who writes them limits them. */
export function recordLogger(logger: Logger): Logger {
  const records = logger.child({});
  recordLoggers.add(records);
  return records;
}

/**
 * A logger that writes one JSON object per line: `level` as a word, ISO `time`, `name`, then the fields. Errors go under the field `error`.
 * Texts and lists from outside are cut (`LOG_TEXT_LENGTH_MAX`), and a warning that repeats is told once in `REPEAT_PERIOD_MS`; the field `withheld` of the next
 * one counts the others.
 * @param options.destination where lines go; standard error when absent: standard output is for what a program was asked for.
 */
export function createLogger(options: {
  readonly name: string;
  readonly level: LogLevel;
  readonly destination?: DestinationStream | undefined;
  /** Milliseconds that never go back; the process clock when absent. */
  readonly nowMs?: () => number;
}): Logger {
  const repeated = new RepeatedLines(options.nowMs ?? (() => performance.now()));
  const settings = {
    level: options.level,
    base: { name: options.name },
    errorKey: 'error',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }), log: boundedFields },
    serializers: { error: (error: Error) => boundedFields({ ...pino.stdSerializers.err(error) }) },
    hooks: {
      logMethod(this: Logger, args: Parameters<LogFn>, write: LogFn, level: number): void {
        const line = level < WARN || recordLoggers.has(this) ? args : toldLine(repeated, args);
        if (line !== null) write.apply(this, line);
      },
    },
  };
  return pino(settings, options.destination ?? pino.destination(STANDARD_ERROR));
}

/** @returns the line, with the number of its like that were withheld; null when it is one of them. */
function toldLine(repeated: RepeatedLines, args: Parameters<LogFn>): Parameters<LogFn> | null {
  const [first, second] = args as readonly unknown[];
  const fields = isFields(first) ? first : {};
  const message = typeof first === 'string' ? first : typeof second === 'string' ? second : '';
  const withheld = repeated.tell(boundedText(message), fields);
  if (withheld === null) return null;
  if (withheld === 0) return args;
  return [{ ...fields, withheld }, message] as unknown as Parameters<LogFn>;
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !(value instanceof Error);
}
