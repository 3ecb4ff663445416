import type { DistributedStack } from '@kvasir/stack';

/** A process of a stack, to be treated badly. */
export interface FaultyProcess {
  kill(): Promise<void>;
  /** Asks it to stop and waits until it has. */
  terminate(): Promise<void>;
  /** Starts it anew after it has ended. */
  launch(): Promise<void>;
  stand(isStill: boolean): void;
}

/** @param name of a service, or `nats` or `redis`. */
export function faultyProcess(stack: DistributedStack, name: string): FaultyProcess {
  if (name === 'nats' || name === 'redis') {
    const server = stack.servers()[name];
    return {
      kill: () => server.kill(),
      terminate: () => server.terminate(),
      launch: () => server.restart(),
      stand: (isStill) => (isStill ? server.pause() : server.resume()),
    };
  }
  return {
    kill: () => stack.kill(name),
    terminate: () => stack.terminate(name),
    launch: () => stack.launch(name),
    stand: (isStill) => stack.pause(name, isStill),
  };
}
