import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readOptions } from '@kvasir/service';
import { mockTokenizerPath } from '@kvasir/text';
import { formatFindings, holds } from './findings.js';
import type { Finding } from './findings.js';
import { e2eVllmOptions } from './options.js';
import type { E2eVllmValues } from './options.js';
import { pythonEnvironment, pythonFile, run } from './python-environment.js';
import { agents } from './scenes/agents.js';
import { direct } from './scenes/direct.js';
import { disaggregated } from './scenes/disaggregated.js';
import { eviction } from './scenes/eviction.js';
import { Workshop } from './workshop.js';

const EXIT_BAD_CONFIGURATION = 64;

const reading = readOptions(e2eVllmOptions, { argv: process.argv.slice(2), env: process.env });
switch (reading.kind) {
  case 'help':
    process.stdout.write(reading.text);
    break;
  case 'version':
    process.stdout.write('e2e-vllm 0.1.0\n');
    break;
  case 'invalid':
    process.stderr.write(`${reading.problems.join('\n')}\n`);
    process.exitCode = EXIT_BAD_CONFIGURATION;
    break;
  case 'ok':
    process.exitCode = await main(reading.values);
    process.exit();
}

/** @returns 0 when nothing differs. */
async function main(values: E2eVllmValues): Promise<number> {
  const python = pythonEnvironment(values.environment, values.python);
  const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'kvasir-vllm-'));
  const workshop = new Workshop(folder, python);
  process.stderr.write(`Model and logs are in ${folder}\n`);
  run(python.python, [pythonFile('make_model.py'), mockTokenizerPath, folder]);
  const findings: Finding[] = [];
  const failures: string[] = [];
  for (const scene of [direct, eviction, agents, disaggregated]) {
    if (values.scenes.length > 0 && !values.scenes.includes(scene.name)) continue;
    try {
      await scene.run(workshop, (finding) => {
        findings.push(finding);
        process.stdout.write(formatFindings([finding]));
      });
    } catch (error) {
      failures.push(`${scene.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
    await workshop.close();
  }
  for (const failure of failures) process.stdout.write(`FAIL ${failure}\n`);
  const failed = failures.length + findings.filter((finding) => !holds(finding)).length;
  process.stdout.write(`\n${findings.length} checks, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}
