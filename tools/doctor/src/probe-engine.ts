import { decodeEngineBatch, ZmqEventSource } from '@kvasir/engine-events';
import type { EngineAccess } from '@kvasir/engine-watch';
import { finding } from '@kvasir/self-check';
import type { Finding } from '@kvasir/self-check';
import { systemClock } from '@kvasir/service';
import { request } from 'undici';

/** How long an engine may take to compute a small prompt. */
const ANSWER_MS_MAX = 60_000;
/** How long a socket may take to connect, and an event to come after its answer. */
const EVENT_MS_MAX = 5_000;
const LOOK_MS = 20;
/** Blocks of the prompt: enough for some to be told of and found again. */
const PROBE_BLOCKS = 4;
/** Ids that every vocabulary has and that are no special tokens. */
const IDS = { first: 20, count: 200 } as const;

export interface ProbeParts {
  readonly engine: EngineAccess;
  readonly model: string;
  /** As the engine says; null for one that does not. */
  readonly blockSize: number | null;
  /** Where it publishes; null when nobody has said. */
  readonly kvEvents: string | null;
  readonly kvTopic: string;
  /** As the engine says; null when it does not. */
  readonly prefixCaching: boolean | null;
  readonly prng: () => number;
}

export interface ProbeOutcome {
  readonly wasConnected: boolean;
  readonly findings: readonly Finding[];
  /** Why nothing could be tried; null when it could. */
  readonly problem: string | null;
  /** Of the second answer; null when it does not say. */
  readonly cachedTokens: number | null;
}

/** Lets an engine compute a prompt that it has not seen, twice, and looks at what it tells of it. Never rejects. */
export async function probeEngineCache(parts: ProbeParts): Promise<ProbeOutcome> {
  const { engine, kvEvents, kvTopic, prng } = parts;
  const workerId = new URL(engine.url).host;
  const blockSize = parts.blockSize ?? 16;
  let storedEvents = 0;
  const source =
    kvEvents === null
      ? null
      : new ZmqEventSource({
          endpoint: kvEvents,
          replayEndpoint: null,
          topic: kvTopic,
          clock: systemClock,
          listener: {
            message: (payload) => {
              const batch = decodeEngineBatch(payload);
              if (typeof batch !== 'string')
                storedEvents += batch.events.filter(({ kind }) => kind === 'stored').length;
            },
            began: () => undefined,
          },
        });
  try {
    source?.start();
    const wasConnected = source === null || (await comes(() => source.wasConnected));
    const prompt = Array.from(
      { length: PROBE_BLOCKS * blockSize + 1 },
      () => IDS.first + Math.floor(prng() * IDS.count),
    );
    const first = await ask(parts, prompt);
    if (typeof first === 'string') return { wasConnected, findings: [], problem: first, cachedTokens: null };
    const hasTold = source === null || !wasConnected || (await comes(() => storedEvents > 0));
    const second = await ask(parts, prompt);
    const cachedTokens = typeof second === 'string' ? null : second.cachedTokens;
    const findings: Finding[] = [];
    if (!hasTold)
      findings.push(
        finding(
          'CHECK_KV_EVENTS_SILENT',
          workerId,
          `${engine.url} has computed ${PROBE_BLOCKS} blocks of ${blockSize} tokens, and nothing came from ${kvEvents ?? ''}`,
        ),
      );
    // An engine that finds nothing again has nothing to report.
    if (cachedTokens === null && parts.prefixCaching !== false)
      findings.push(
        finding(
          'CHECK_CACHED_NOT_REPORTED',
          workerId,
          `an answer of ${engine.url} to a prompt that it had just computed says nothing of cached tokens`,
        ),
      );
    return { wasConnected, findings, problem: null, cachedTokens };
  } finally {
    source?.close();
  }
}

interface Usage {
  readonly cachedTokens: number | null;
}

/** A sentence when there is no answer. */
async function ask({ engine, model }: ProbeParts, prompt: readonly number[]): Promise<Usage | string> {
  const authorization = engine.apiKey?.authorization() ?? null;
  try {
    const { statusCode, body } = await request(`${engine.url}/v1/completions`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(authorization === null ? {} : { authorization }),
      },
      body: JSON.stringify({ model, prompt, max_tokens: 1, temperature: 0 }),
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
    const text = await body.text();
    if (statusCode !== 200) return `POST /v1/completions answers ${statusCode}: ${text.slice(0, 200)}`;
    return { cachedTokens: cachedTokensOf(JSON.parse(text)) };
  } catch (error) {
    return `POST /v1/completions: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function cachedTokensOf(answer: unknown): number | null {
  const details = member(member(answer, 'usage'), 'prompt_tokens_details');
  const cached = member(details, 'cached_tokens');
  return typeof cached === 'number' ? cached : null;
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

async function comes(isThere: () => boolean): Promise<boolean> {
  const endMs = systemClock.nowMs() + EVENT_MS_MAX;
  while (!isThere() && systemClock.nowMs() < endMs)
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  return isThere();
}
