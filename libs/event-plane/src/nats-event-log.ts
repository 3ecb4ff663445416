import type { Clock } from '@kvasir/service';
import { DiscardPolicy, ErrorCode, nanos, NatsError, RetentionPolicy, StorageType } from 'nats';
import type { JetStreamManager, NatsConnection, StreamInfo } from 'nats';
import { EventPlaneError } from './errors.js';
import { EVENT_LOG_LIMITS } from './event-log.js';
import type { EventLog, EventLogLimits, LogMessage, LogState } from './event-log.js';
import type { PlaneTrouble, Subscription } from './event-plane.js';
import { NatsLogReader } from './nats-log-reader.js';

export interface NatsEventLogOptions {
  /** Name of the stream; it is made when it is not there, and left as it is when it is. */
  readonly name: string;
  /** Pattern of what is kept. */
  readonly pattern: string;
  readonly clock: Clock;
  readonly limits?: Partial<EventLogLimits> | undefined;
  readonly onTrouble: (trouble: PlaneTrouble) => void;
}

const API_TIMEOUT_MS = 5_000;

/** Opens a log that is a JetStream stream. @throws EventPlaneError `EVENT_PLANE_NO_LOG` when the server keeps no streams. */
export async function openNatsEventLog(
  connection: NatsConnection,
  options: NatsEventLogOptions,
): Promise<EventLog> {
  try {
    const manager = await connection.jetstreamManager({ timeout: API_TIMEOUT_MS });
    const log = new NatsEventLog(connection, manager, options);
    await log.state();
    return log;
  } catch (error) {
    throw logError(error, options.name);
  }
}

class NatsEventLog implements EventLog {
  readonly #connection: NatsConnection;
  readonly #manager: JetStreamManager;
  readonly #options: NatsEventLogOptions;

  constructor(connection: NatsConnection, manager: JetStreamManager, options: NatsEventLogOptions) {
    this.#connection = connection;
    this.#manager = manager;
    this.#options = options;
  }

  follow(afterSequence: number, deliver: (message: LogMessage) => void): Subscription {
    const { name, pattern, clock, onTrouble } = this.#options;
    const reader = new NatsLogReader(afterSequence, {
      streams: this.#connection.jetstream({ timeout: API_TIMEOUT_MS }).consumers,
      name,
      state: () => this.state(),
      clock,
      deliver: (message) => {
        try {
          deliver(message);
        } catch (error) {
          onTrouble({ kind: 'subscriberFailed', pattern, error });
        }
      },
    });
    return { pendingMessages: 0, droppedMessages: 0, unsubscribe: () => reader.close() };
  }

  /** Makes the stream when it is not there, e.g. because the server has lost it. */
  async state(): Promise<LogState> {
    try {
      const { created, state } = (await this.#info()) ?? (await this.#create());
      return { logId: created, lastSequence: state.last_seq, messageCount: state.messages };
    } catch (error) {
      throw logError(error, this.#options.name);
    }
  }

  async trim(upToSequence: number): Promise<void> {
    try {
      await this.#manager.streams.purge(this.#options.name, { seq: upToSequence + 1 });
    } catch (error) {
      throw logError(error, this.#options.name);
    }
  }

  async #info(): Promise<StreamInfo | null> {
    try {
      return await this.#manager.streams.info(this.#options.name);
    } catch (error) {
      if (error instanceof NatsError && error.api_error?.code === NOT_FOUND) return null;
      throw error;
    }
  }

  async #create(): Promise<StreamInfo> {
    const { name, pattern, limits } = this.#options;
    const { ageMsMax, bytesMax } = { ...EVENT_LOG_LIMITS, ...limits };
    return await this.#manager.streams.add({
      name,
      subjects: [pattern],
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.Old,
      max_age: nanos(ageMsMax),
      max_bytes: bytesMax,
      // Publishers do not wait for it.
      no_ack: true,
    });
  }
}

const NOT_FOUND = 404;
const NOT_ENABLED: ReadonlySet<string> = new Set<string>([
  ErrorCode.JetStreamNotEnabled,
  ErrorCode.NoResponders,
]);

function logError(error: unknown, name: string): EventPlaneError {
  if (error instanceof EventPlaneError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  if (error instanceof NatsError && NOT_ENABLED.has(error.code))
    return new EventPlaneError(
      'EVENT_PLANE_NO_LOG',
      'Cannot keep events: the NATS server has JetStream switched off; start it with --jetstream, or leave out --durable-kv-events',
      error,
    );
  if (error instanceof NatsError && error.api_error !== undefined)
    return new EventPlaneError(
      'EVENT_PLANE_NO_LOG',
      `Cannot keep events in the stream ${name}: ${reason}`,
      error,
    );
  return new EventPlaneError('EVENT_PLANE_TIMEOUT', `Cannot reach the stream ${name}: ${reason}`, error);
}
