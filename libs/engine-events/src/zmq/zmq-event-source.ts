import type { CancelTimer, Clock } from '@kvasir/service';
import { Dealer, Subscriber } from 'zeromq';
import { MESSAGE_BYTES_MAX } from '../decode/message-bounds.js';
import { BatchSequence } from './batch-sequence.js';
import { numberFrame, readFrames } from './frames.js';
import type { EngineMessage } from './frames.js';

/** Live messages that are kept while missing ones are fetched; beyond it the missing ones are given up. */
export const KEPT_MESSAGES_MAX = 4_096;
/** The same for their bytes. */
export const KEPT_BYTES_MAX = 134_217_728;
/** Who sends a longer message is disconnected before it is received; what is too long to be read but shorter costs that message only. */
const SOCKET_MESSAGE_BYTES_MAX = 2 * MESSAGE_BYTES_MAX;
/** A replay that says nothing for so long has failed. */
const REPLAY_TIMEOUT_MS = 2_000;
const RECEIVE_HIGH_WATER_MARK = 100_000;
const RECONNECT_MS = 200;
const RECONNECT_MS_MAX = 5_000;

export interface ZmqSourceListener {
  /** The next message, in order and without a hole since the last `began`. */
  message(payload: Buffer): void;
  /** Everything known before is over: the engine has started anew, or messages were lost for good. */
  began(reason: 'restarted' | 'lost'): void;
}

export interface ZmqSourceOptions {
  /** Where the engine publishes, e.g. `tcp://gpu-7:5557`. */
  readonly endpoint: string;
  /** Where it answers for messages that were missed; null when it does not. */
  readonly replayEndpoint: string | null;
  /** Messages of other topics are not received. */
  readonly topic: string;
  readonly clock: Clock;
  readonly listener: ZmqSourceListener;
}

export interface ZmqSourceCounts {
  readonly messages: number;
  readonly malformed: number;
  readonly gaps: number;
  readonly replayed: number;
  readonly losses: number;
  readonly restarts: number;
  /** The last message once more. */
  readonly repeated: number;
  /** Messages that whoever listens could not take; what was told before is void. */
  readonly failed: number;
}

/**
 * One rank's events from its engine's sockets. History is asked for at the start and whenever a number is missing; live messages wait meanwhile, so
 * order is kept. What cannot be had any more is said (`began`), never skipped silently.
 */
export class ZmqEventSource {
  readonly #options: ZmqSourceOptions;
  readonly #subscriber: Subscriber;
  readonly #sequence = new BatchSequence();
  readonly #counts = {
    messages: 0,
    malformed: 0,
    gaps: 0,
    replayed: 0,
    losses: 0,
    restarts: 0,
    repeated: 0,
    failed: 0,
  };
  /** Live messages that wait for the missing ones; null while none is missing. */
  #kept: EngineMessage[] | null = null;
  #keptBytes = 0;
  #dealer: Dealer | null = null;
  #cancelTimeout: CancelTimer | null = null;
  /** The payload that was delivered last. */
  #last: Buffer | null = null;
  /** The connection was lost: the next replay must show whether it is the same engine. */
  #mustVerify = false;
  #wasConnected = false;
  #isCutOff = false;
  #cutOffs = 0;
  #isClosed = false;

  constructor(options: ZmqSourceOptions) {
    this.#options = options;
    this.#subscriber = new Subscriber({
      receiveHighWaterMark: RECEIVE_HIGH_WATER_MARK,
      maxMessageSize: SOCKET_MESSAGE_BYTES_MAX,
      reconnectInterval: RECONNECT_MS,
      reconnectMaxInterval: RECONNECT_MS_MAX,
      linger: 0,
    });
  }

  /** True while nothing is being fetched: what was delivered is all there is. */
  get isCaughtUp(): boolean {
    return this.#kept === null;
  }

  /** True once there was a connection. */
  get wasConnected(): boolean {
    return this.#wasConnected;
  }

  /** True after a connection was lost, until there is one again: the engine's process has gone, or the way to it. */
  get isCutOff(): boolean {
    return this.#isCutOff;
  }

  /** Times that a connection was lost. */
  get cutOffs(): number {
    return this.#cutOffs;
  }

  counts(): ZmqSourceCounts {
    return this.#counts;
  }

  /** Connects; an engine that is not there yet is waited for. @throws Error for an endpoint that is none. */
  start(): void {
    const { endpoint, topic } = this.#options;
    // Another process may answer now, whose numbers have perhaps passed ours already.
    this.#subscriber.events.on('disconnect', () => {
      this.#isCutOff = true;
      this.#cutOffs += 1;
      this.#mustVerify = true;
    });
    this.#subscriber.events.on('handshake', () => {
      this.#isCutOff = false;
      this.#wasConnected = true;
      if (this.#mustVerify && !this.#isClosed) this.#fetch();
    });
    this.#subscriber.connect(endpoint);
    this.#subscriber.subscribe(topic);
    void this.#receive();
    // What was published before is asked for at once: it may be all there will be for a while.
    this.#fetch();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#endFetch();
    this.#subscriber.close();
  }

  async #receive(): Promise<void> {
    try {
      for await (const frames of this.#subscriber) {
        if (this.#isClosed) return;
        const message = readFrames(frames);
        if (message === null || message === 'end') this.#counts.malformed += 1;
        else this.#live(message);
      }
    } catch {
      // Closed.
    }
  }

  #live(message: EngineMessage): void {
    if (this.#kept !== null) {
      this.#keep(message, this.#kept);
      return;
    }
    // Something between has sent it twice: with its time in it no other message is the same.
    if (message.number === this.#sequence.next - 1 && this.#last?.equals(message.payload) === true) {
      this.#counts.repeated += 1;
      return;
    }
    const step = this.#sequence.live(message.number);
    switch (step.kind) {
      case 'deliver':
        this.#deliver(message);
        return;
      case 'gap':
        this.#counts.gaps += 1;
        this.#beginKeeping(message);
        this.#fetch();
        return;
      case 'restarted':
        this.#restart(message);
        return;
      case 'old':
        return;
    }
  }

  #keep(message: EngineMessage, kept: EngineMessage[]): void {
    if (!this.#sequence.kept(message.number)) {
      this.#endFetch();
      this.#restart(message);
      return;
    }
    kept.push(message);
    this.#keptBytes += message.payload.length;
    if (kept.length > KEPT_MESSAGES_MAX || this.#keptBytes > KEPT_BYTES_MAX) this.#giveUp();
  }

  #beginKeeping(...messages: readonly EngineMessage[]): void {
    this.#kept = [...messages];
    this.#keptBytes = messages.reduce((sum, { payload }) => sum + payload.length, 0);
  }

  #restart(message: EngineMessage): void {
    this.#counts.restarts += 1;
    this.#sequence.beginAnew();
    this.#options.listener.began('restarted');
    if (message.number === 0) {
      this.#live(message);
      return;
    }
    this.#sequence.kept(message.number);
    this.#beginKeeping(message);
    this.#fetch();
  }

  /** Asks for everything from the next number on, and for the one before it when the engine must show that it is the same. */
  #fetch(): void {
    const { replayEndpoint } = this.#options;
    if (replayEndpoint === null) {
      this.#giveUp();
      return;
    }
    if (this.#kept === null) this.#beginKeeping();
    this.#dealer?.close();
    const dealer = new Dealer({
      linger: 0,
      receiveHighWaterMark: RECEIVE_HIGH_WATER_MARK,
      maxMessageSize: SOCKET_MESSAGE_BYTES_MAX,
    });
    this.#dealer = dealer;
    dealer.connect(replayEndpoint);
    this.#expectReplay();
    void this.#receiveReplay(dealer);
  }

  async #receiveReplay(dealer: Dealer): Promise<void> {
    try {
      const from = this.#mustVerify ? Math.max(0, this.#sequence.next - 1) : this.#sequence.next;
      await dealer.send([Buffer.alloc(0), numberFrame(from)]);
      for await (const frames of dealer) {
        if (this.#dealer !== dealer) return;
        this.#expectReplay();
        const message = readFrames(frames);
        if (message === null) this.#counts.malformed += 1;
        else if (!this.#isSameEngine(message)) {
          this.#beginAnew();
          return;
        } else if (message === 'end') {
          this.#endReplay();
          return;
        } else this.#replayed(message);
      }
    } catch {
      // Closed under our hands; whoever closed it goes on.
    }
  }

  /** After a lost connection: the message before the next one must come again as it was, or be kept no more. */
  #isSameEngine(message: EngineMessage | 'end'): boolean {
    if (!this.#mustVerify) return true;
    this.#mustVerify = false;
    const last = this.#sequence.next - 1;
    if (last < 0) return true;
    if (message === 'end') return false;
    return message.number > last || (message.number === last && this.#last?.equals(message.payload) === true);
  }

  #beginAnew(): void {
    this.#counts.restarts += 1;
    this.#sequence.beginAnew();
    this.#options.listener.began('restarted');
    if (!this.#isClosed) this.#fetch();
  }

  #replayed(message: EngineMessage): void {
    const step = this.#sequence.replayed(message.number);
    if (step.kind === 'old') return;
    if (step.kind === 'deliver') this.#counts.replayed += 1;
    else {
      // It begins later than asked: what is missing is not kept any more.
      this.#lose(message.number);
      this.#sequence.replayed(message.number);
    }
    this.#deliver(message);
  }

  #endReplay(): void {
    const kept = this.#kept ?? [];
    this.#endFetch();
    const [first] = kept;
    if (first !== undefined && first.number > this.#sequence.next) this.#lose(first.number);
    for (const [index, message] of kept.entries()) {
      const step = this.#sequence.replayed(message.number);
      if (step.kind === 'deliver') this.#deliver(message);
      if (step.kind !== 'gap') continue;
      this.#counts.gaps += 1;
      this.#beginKeeping(...kept.slice(index));
      this.#fetch();
      return;
    }
  }

  /** The engine does not answer, or cannot: what is kept is all there is. */
  #giveUp(): void {
    const kept = this.#kept ?? [];
    this.#endFetch();
    // Nobody can show that it is the same engine, so what is known may be of another.
    if (this.#mustVerify && this.#sequence.next > 0) this.#lose(kept[0]?.number ?? this.#sequence.next);
    this.#mustVerify = false;
    const [first] = kept;
    if (first === undefined) return;
    if (first.number > this.#sequence.next) this.#lose(first.number);
    for (const message of kept) {
      const step = this.#sequence.replayed(message.number);
      if (step.kind === 'gap') {
        this.#lose(message.number);
        this.#sequence.replayed(message.number);
      }
      if (step.kind !== 'old') this.#deliver(message);
    }
  }

  #lose(resumeAt: number): void {
    this.#counts.losses += 1;
    this.#sequence.resumeAt(resumeAt);
    this.#options.listener.began('lost');
  }

  #expectReplay(): void {
    this.#cancelTimeout?.();
    this.#cancelTimeout = this.#options.clock.after(REPLAY_TIMEOUT_MS, () => this.#giveUp());
  }

  #endFetch(): void {
    this.#cancelTimeout?.();
    this.#cancelTimeout = null;
    this.#kept = null;
    const dealer = this.#dealer;
    this.#dealer = null;
    dealer?.close();
  }

  #deliver({ payload }: EngineMessage): void {
    if (this.#isClosed) return;
    this.#counts.messages += 1;
    this.#last = payload;
    try {
      this.#options.listener.message(payload);
    } catch {
      // Nobody knows how much of it was taken; the stream goes on, and says so.
      this.#counts.failed += 1;
      this.#options.listener.began('lost');
    }
  }
}
