import type { Grid, GridAxis, PoolSettings } from './pool-settings.js';
import type { PoolRequest } from './pool-state.js';

/** Where a request lies in a grid. */
export interface GridPlace {
  /** One index per axis. */
  readonly cell: readonly number[];
  /** Pools of the cell, or the one that the request's priority names. */
  readonly pools: readonly string[];
  readonly isOverride: boolean;
}

/** `clamp(trunc((value − min) ÷ step), 0, resolution − 1)` with `step = (max − min) ÷ resolution`, as Dynamo's global router has it. */
export function bucketOf({ min, max, resolution }: GridAxis, value: number): number {
  const step = (max - min) / resolution;
  return Math.min(resolution - 1, Math.max(0, Math.trunc((value - min) / step)));
}

/** The cell of a request. A target that the request does not name is the default, or the middle of its axis. */
export function placeInGrid(grid: Grid, request: PoolRequest, settings: PoolSettings): GridPlace {
  const cell = grid.axes.map((axis) => bucketOf(axis, quantityOf(axis, request, settings)));
  const { priority } = request;
  const override =
    priority === null
      ? undefined
      : grid.overrides.find(
          ({ priorityMin, priorityMax }) => priority >= priorityMin && priority <= priorityMax,
        );
  return override === undefined
    ? { cell, pools: grid.cells[indexOf(grid, cell)] ?? [], isOverride: false }
    : { cell, pools: [override.pool], isOverride: true };
}

function quantityOf(axis: GridAxis, request: PoolRequest, settings: PoolSettings): number {
  const middle = (axis.min + axis.max) / 2;
  switch (axis.quantity) {
    case 'inputTokens':
      return request.promptTokens;
    case 'contextTokens':
      // What the context will be on the average of its life.
      return request.promptTokens + (request.expectedOutputTokens ?? 0) / 2;
    case 'ttftMs':
      return request.ttftMs ?? settings.defaultTtftMs ?? middle;
    case 'itlMs':
      return request.itlMs ?? settings.defaultItlMs ?? middle;
  }
}

/** How far each pool's nearest cell is from a place, in cells along the axes; pools that no cell names are not in it. */
export function gridDistances(grid: Grid, place: GridPlace): ReadonlyMap<string, number> {
  const distances = new Map<string, number>();
  const cell = grid.axes.map(() => 0);
  for (const pools of grid.cells) {
    const distance = cell.reduce((sum, at, axis) => sum + Math.abs(at - (place.cell[axis] ?? 0)), 0);
    for (const pool of pools) distances.set(pool, Math.min(distance, distances.get(pool) ?? Infinity));
    advance(cell, grid.axes);
  }
  if (place.isOverride) for (const [pool, distance] of distances) distances.set(pool, distance + 1);
  if (place.isOverride) for (const pool of place.pools) distances.set(pool, 0);
  return distances;
}

/** The next cell, row-major. */
function advance(cell: number[], axes: readonly GridAxis[]): void {
  for (let axis = axes.length - 1; axis >= 0; axis -= 1) {
    const next = (cell[axis] ?? 0) + 1;
    cell[axis] = next;
    if (next < (axes[axis]?.resolution ?? 1)) return;
    cell[axis] = 0;
  }
}

function indexOf(grid: Grid, cell: readonly number[]): number {
  return cell.reduce((index, at, axis) => index * (grid.axes[axis]?.resolution ?? 1) + at, 0);
}
