import type { Component, DrainReport } from '@kvasir/service';

/** A program together with the planes it stands on: they are closed after it, however it ends. */
export function withPlanes(program: Component, planes: { close(): Promise<void> }): Component {
  return {
    name: program.name,
    async start(signal) {
      try {
        await program.start(signal);
      } catch (error) {
        await planes.close();
        throw error;
      }
    },
    leave: () => program.leave?.(),
    isWatched: () => program.isWatched?.() ?? true,
    drain: (deadlineMs): Promise<DrainReport> => program.drain(deadlineMs),
    async close() {
      await program.close();
      await planes.close();
    },
  };
}
