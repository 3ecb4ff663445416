/**
 * Runs a scenario: text of steps, each a run of command lines, a line `----`, and the lines that they must print; steps are
 * parted by blank lines, `#` starts a comment. Returns the same text with what `run` printed instead, so that the whole is
 * compared (or rewritten) as one file.
 */
export function runScenario(text: string, run: (command: string) => string): string {
  const steps = text.trimEnd().split(/\n\n+/);
  return `${steps.map((step) => runStep(step, run)).join('\n\n')}\n`;
}

const DIVIDER = '----';

function runStep(step: string, run: (command: string) => string): string {
  const lines = step.split('\n');
  const divider = lines.indexOf(DIVIDER);
  const commands = divider < 0 ? lines : lines.slice(0, divider);
  const printed = commands
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map(run)
    .filter((output) => output !== '');
  if (printed.length === 0 && divider < 0) return step;
  return [...commands, DIVIDER, ...printed].join('\n');
}
