import { defineOptions, readOptions } from '@kvasir/service';
import { attackSuite } from './attack-suite.js';
import { readTrace, syntheticConversation } from './conversation-trace.js';
import { eventSuite } from './event-suite.js';
import { frontendSuite } from './frontend-suite.js';
import { globalSuite } from './global-suite.js';
import { hashSuite } from './hash-suite.js';
import { indexSuite } from './index-suite.js';
import { formatBudgets } from './report.js';
import type { BudgetLine } from './report.js';
import { routeSuite } from './route-suite.js';
import { rpcSuite } from './rpc-suite.js';
import { sealSuite } from './seal-suite.js';
import { textSuite } from './text-suite.js';

/** Requests of the generated trace: as many as the published one has. */
const REQUEST_COUNT = 12_031;
const EXIT_BAD_CONFIGURATION = 64;

const reading = readOptions(
  defineOptions({
    program: 'bench',
    summary: 'Measures each part and prints the figures beside their budgets.',
    options: {
      trace: {
        kind: 'string',
        default: null,
        doc: 'Trace in the Mooncake JSONL schema; a generated one like the conversation trace when not given.',
      },
    },
  }),
  { argv: process.argv.slice(2), env: process.env },
);
if (reading.kind === 'help') {
  process.stdout.write(reading.text);
} else if (reading.kind !== 'ok') {
  process.stderr.write(`${reading.kind === 'invalid' ? reading.problems.join('\n') : 'bench 0.1.0'}\n`);
  process.exitCode = reading.kind === 'invalid' ? EXIT_BAD_CONFIGURATION : 0;
} else {
  const { trace: path } = reading.values;
  const trace = path === null ? syntheticConversation(REQUEST_COUNT, 1) : readTrace(path);
  const lines: BudgetLine[] = [];
  for (const suite of [
    hashSuite,
    textSuite,
    routeSuite(trace),
    rpcSuite,
    globalSuite,
    frontendSuite,
    attackSuite,
    eventSuite,
    sealSuite,
    indexSuite(trace),
  ]) {
    process.stderr.write(`── ${suite.name}\n`);
    lines.push(...(await suite.run((text) => process.stderr.write(`   ${text}\n`))));
  }
  process.stdout.write(
    `\nTrace: ${path ?? 'generated, like the conversation trace'}. One thread unless said.\n\n${formatBudgets(lines)}\n`,
  );
}
