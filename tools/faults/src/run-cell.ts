import type { DistributedStack } from '@kvasir/stack';
import { processesOf } from './cells.js';
import type { Cell, FaultKind } from './cells.js';
import { faultyProcess } from './faulty-process.js';
import type { FaultyProcess } from './faulty-process.js';
import { unsettled } from './settled.js';
import type { CellResult } from './tally.js';
import { Traffic } from './traffic.js';
import type { TrafficOptions } from './traffic.js';

/** How long things take, in ms. */
export interface CellTimes {
  /** Traffic before the fault. */
  readonly beforeMs: number;
  /** How long a killed process stays dead. */
  readonly deadMs: number;
  /** Traffic after everything runs again. */
  readonly afterMs: number;
  /** How long all may take to be as before once traffic has ended. */
  readonly settleMs: number;
}

export const CELL_TIMES: CellTimes = { beforeMs: 3_000, deadMs: 10_000, afterMs: 5_000, settleMs: 30_000 };

/** Does one fault to a running stack under traffic and tells what it cost. The stack is as before afterwards, or `unsettled` says what is not. */
export async function runCell(
  stack: DistributedStack,
  cell: Cell,
  options: { readonly traffic: TrafficOptions; readonly times: CellTimes },
): Promise<CellResult> {
  const { times } = options;
  const names = processesOf[cell.subject];
  const processes = names.map((name) => faultyProcess(stack, name));
  const traffic = new Traffic(options.traffic);
  await pause(times.beforeMs);
  // Which frontend an answer comes through is not told: any may be the one.
  const underWay = traffic.underWayAt(names, cell.subject.includes('frontend'));
  await Promise.all(processes.map((process) => doFault(process, cell.kind, times)));
  await pause(times.afterMs);
  const tally = await traffic.stop();
  return { cell, tally, underWay, unsettled: await unsettled(stack, times.settleMs) };
}

async function doFault(process: FaultyProcess, kind: FaultKind, { deadMs }: CellTimes): Promise<void> {
  switch (kind) {
    case 'term':
      await process.terminate();
      await process.launch();
      return;
    case 'restart':
      await process.kill();
      await process.launch();
      return;
    case 'kill':
      await process.kill();
      await pause(deadMs);
      await process.launch();
      return;
    case 'still10':
    case 'still45':
      process.stand(true);
      await pause(kind === 'still10' ? 10_000 : 45_000);
      process.stand(false);
  }
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, durationMs);
  });
}
