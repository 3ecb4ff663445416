/**
 * Outlives the program that started it by a moment, however that ended: kills what was left and removes its folders. Hears what there is on its
 * standard input, one line each (`+process PID`, `-process PID`, `+folder PATH`, `-folder PATH`); the end of the input is the end of the program.
 */
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** What is being killed may still write. */
const REMOVAL_ATTEMPTS_MAX = 10;

// Whatever ends the program is not to end this one: its time comes with the end of the input.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) process.on(signal, () => undefined);

const processes = new Set<number>();
const folders = new Set<string>();
for await (const line of createInterface({ input: process.stdin })) {
  const [what, value] = [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)];
  if (what === '+process') processes.add(Number(value));
  if (what === '-process') processes.delete(Number(value));
  if (what === '+folder') folders.add(value);
  if (what === '-folder') folders.delete(value);
}
for (const pid of processes) killGroup(pid);
for (const folder of folders)
  rmSync(folder, { recursive: true, force: true, maxRetries: REMOVAL_ATTEMPTS_MAX });

/** Each has a process group of its own, so that nothing it has started is left either. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
