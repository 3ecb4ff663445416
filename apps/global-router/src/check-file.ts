import { readSettingsFile } from './settings-file.js';

/** Exit code for a file that is wrong (EX_USAGE of sysexits.h). */
const EXIT_BAD_CONFIGURATION = 64;

/** `global-router check FILE`: says what is wrong with a file, or what it has. */
export function checkFile(path: string | undefined): { readonly text: string; readonly exitCode: number } {
  if (path === undefined)
    return { text: 'Usage: global-router check FILE\n', exitCode: EXIT_BAD_CONFIGURATION };
  const reading = readSettingsFile(path);
  if (reading.kind === 'invalid') {
    const lines = reading.problems.map((problem) => `${path}: ${problem}\n`);
    return { text: lines.join(''), exitCode: EXIT_BAD_CONFIGURATION };
  }
  const { pools, policies } = reading.settings;
  const counts = (['prefill', 'decode', 'aggregated'] as const)
    .map((role) => `${pools.filter((pool) => pool.role === role).length} ${role}`)
    .join(', ');
  const warnings = reading.warnings.map((warning) => `${path}: ${warning}\n`).join('');
  return {
    text: `${warnings}${path} is right: pools ${counts}; policies ${policies.join(', ')}\n`,
    exitCode: 0,
  };
}
