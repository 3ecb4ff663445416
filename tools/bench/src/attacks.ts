import { connect } from 'node:net';
import type { Socket } from 'node:net';

const MIB = 1024 * 1024;

/** What a client, or a stranger, may send to a frontend. */
export interface Attack {
  readonly name: string;
  /** Each is sent over a connection of its own; `declaredBytes` is what its head claims. */
  readonly bodies: readonly AttackBody[];
}

interface AttackBody {
  readonly path: string;
  readonly bytes: Buffer;
  readonly declaredBytes: number;
}

const CHAT = '/v1/chat/completions';

function chat(messages: string, more = ''): AttackBody {
  const bytes = Buffer.from(`{"model":"kvasir-mock",${more}"messages":${messages}}`);
  return { path: CHAT, bytes, declaredBytes: bytes.length };
}

const repeated = (count: number, body: AttackBody): readonly AttackBody[] =>
  new Array<AttackBody>(count).fill(body);

/** Each of them has held everybody up, or ended the process, once. */
export function attacks(): readonly Attack[] {
  const message = '{"role":"user","content":"x"}';
  const unfinished = { path: CHAT, bytes: Buffer.from('{'), declaredBytes: 10 * MIB };
  const keys = Array.from({ length: 1_300_000 }, (_, index) => `"k${index}":1`).join(',');
  return [
    { name: '4,200 bodies of one byte', bodies: repeated(4_200, unfinished) },
    {
      name: '60 bodies of 15 MB',
      bodies: repeated(60, chat(`[{"role":"user","content":"${'word '.repeat(3 * MIB)}"}]`)),
    },
    {
      name: '16 MB of [',
      bodies: repeated(4, {
        path: CHAT,
        bytes: Buffer.from(`{"model":"kvasir-mock","messages":${'['.repeat(16 * MIB - 64)}`),
        declaredBytes: 16 * MIB - 64 + 34,
      }),
    },
    { name: '1.3 M keys', bodies: repeated(4, chat(`[${message}]`, `"metadata":{${keys}},`)) },
    {
      name: '200 k messages',
      bodies: repeated(4, chat(`[${new Array<string>(200_000).fill(message).join(',')}]`)),
    },
  ];
}

/** An attack that goes on. */
export interface RunningAttack {
  /** Resolves when all that is sent has been sent, or was refused. */
  readonly sent: Promise<void>;
  stop(): void;
}

/** Opens a connection for each body and sends it; answers are not waited for. */
export function startAttack(attack: Attack, port: number): RunningAttack {
  const sockets = attack.bodies.map((body) => ({ socket: connect(port, '127.0.0.1'), body }));
  const sent = Promise.all(sockets.map(({ socket, body }) => sendBody(socket, body)));
  return {
    sent: sent.then(() => undefined),
    stop() {
      for (const { socket } of sockets) socket.destroy();
    },
  };
}

function sendBody(socket: Socket, { path, bytes, declaredBytes }: AttackBody): Promise<void> {
  return new Promise((resolve) => {
    socket.on('error', () => resolve());
    socket.on('close', () => resolve());
    socket.on('data', () => undefined);
    socket.on('connect', () => {
      socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${declaredBytes}\r\n\r\n`);
      socket.write(bytes, () => resolve());
    });
  });
}
