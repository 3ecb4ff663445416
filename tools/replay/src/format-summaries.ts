import type { Percentiles } from './percentiles.js';
import type { RunSummary } from './run-summary.js';

interface Line {
  readonly name: string;
  readonly value: (summary: RunSummary) => number;
  readonly show: (value: number) => string;
  /** Whether a ratio to the first run says something. */
  readonly hasRatio: boolean;
}

const whole = (value: number): string =>
  Number.isFinite(value) ? Math.round(value).toLocaleString('en-US') : '–';
const ms = (value: number): string =>
  Number.isFinite(value) ? `${value < 100 ? value.toFixed(1) : whole(value)} ms` : '–';
const percent = (value: number): string => (Number.isFinite(value) ? `${(value * 100).toFixed(1)} %` : '–');
const signedPercent = (value: number): string => `${value >= 0 ? '+' : ''}${percent(value)}`;
const times = (value: number): string => (Number.isFinite(value) ? value.toFixed(2) : '–');

function timeLines(name: string, pick: (summary: RunSummary) => Percentiles): readonly Line[] {
  return (['p50', 'p90', 'p99'] as const).map((rank) => ({
    name: `${name} ${rank}`,
    value: (summary) => pick(summary)[rank],
    show: ms,
    hasRatio: true,
  }));
}

const LINES: readonly Line[] = [
  { name: 'requests', value: ({ requests }) => requests, show: whole, hasRatio: false },
  { name: 'errors', value: ({ errors }) => errors, show: whole, hasRatio: false },
  ...timeLines('time to first token', ({ firstTokenMs }) => firstTokenMs),
  ...timeLines('inter-token latency', ({ interTokenMs }) => interTokenMs),
  ...timeLines('end to end', ({ endToEndMs }) => endToEndMs),
  {
    name: 'output tokens/s',
    value: ({ outputTokensPerS }) => outputTokensPerS,
    show: whole,
    hasRatio: true,
  },
  { name: 'prompt tokens', value: ({ promptTokens }) => promptTokens, show: whole, hasRatio: false },
  { name: 'cached, by engines', value: ({ cachedShare }) => cachedShare, show: percent, hasRatio: true },
  {
    name: 'overlap, by router',
    value: ({ predictedShare }) => predictedShare,
    show: percent,
    hasRatio: false,
  },
  {
    name: 'overlap above cached',
    value: ({ predictionOff }) => predictionOff,
    show: (value) => (Number.isFinite(value) ? signedPercent(value) : '–'),
    hasRatio: false,
  },
  {
    name: 'requests spread, max/mean',
    value: ({ requestSpread }) => requestSpread,
    show: times,
    hasRatio: false,
  },
  {
    name: 'prefill spread, max/mean',
    value: ({ prefillSpread }) => prefillSpread,
    show: times,
    hasRatio: false,
  },
  {
    name: 'decode spread, max/mean',
    value: ({ decodeSpread }) => decodeSpread,
    show: times,
    hasRatio: false,
  },
  {
    name: 'duration',
    value: ({ durationS }) => durationS,
    show: (value) => `${whole(value)} s`,
    hasRatio: false,
  },
];

/** A token that is no whole character yet comes with the next one: a few such events say nothing. */
const TOKENS_PER_EVENT_SAID = 1.02;

/** One column per run, and beside each later one its ratio to the first. Times are engine time. */
export function formatSummaries(summaries: readonly RunSummary[]): string {
  const [first] = summaries;
  if (first === undefined) return '';
  const header = ['', ...summaries.flatMap(({ mode }, run) => (run === 0 ? [mode] : [mode, '÷ first']))];
  const rows = LINES.map((line) => [
    line.name,
    ...summaries.flatMap((summary, run) => {
      const shown = line.show(line.value(summary));
      return run === 0
        ? [shown]
        : [shown, line.hasRatio ? ratio(line.value(summary), line.value(first)) : ''];
    }),
  ]);
  return [align([header, ...rows]), ...remarks(summaries)].join('\n');
}

function ratio(value: number, base: number): string {
  return Number.isFinite(value / base) ? (value / base).toFixed(2) : '–';
}

function remarks(summaries: readonly RunSummary[]): readonly string[] {
  return summaries.flatMap(({ mode, errorsByReason, delayedRequests, cutPrompts, tokensPerEvent }) => [
    ...Object.entries(errorsByReason).map(
      ([reason, count]) => `${mode}: ${count} requests failed: ${reason}`,
    ),
    ...(delayedRequests === 0
      ? []
      : [`${mode}: ${delayedRequests} requests were sent late, as many were in flight as may be`]),
    ...(tokensPerEvent > TOKENS_PER_EVENT_SAID
      ? [
          `${mode}: an event carried ${times(tokensPerEvent)} tokens in the mean, inter-token latencies are those between events`,
        ]
      : []),
    ...(cutPrompts === 0 ? [] : [`${mode}: ${cutPrompts} prompts were longer than the context and cut`]),
  ]);
}

/** Names to the left, figures to the right. */
function align(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, cell.length)));
  }
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('   ')
        .trimEnd(),
    )
    .join('\n');
}
