/**
 * An engine that costs next to nothing: answers a completion at once, or streams `chunkCount` events, one write each.
 * What stands in front of it is what is measured. Says its port to its parent.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const chunkCount = Number(process.argv[2] ?? '64');
const event = (text: string, finish: string | null): string =>
  `data: ${JSON.stringify({ id: 'cmpl-1', object: 'text_completion', created: 1, model: 'kvasir-mock', choices: [{ index: 0, text, logprobs: null, finish_reason: finish }] })}\n\n`;
const whole = JSON.stringify({
  id: 'cmpl-1',
  object: 'text_completion',
  created: 1,
  model: 'kvasir-mock',
  choices: [{ index: 0, text: 'word '.repeat(100), logprobs: null, finish_reason: 'length' }],
  usage: {
    prompt_tokens: 8,
    completion_tokens: 100,
    total_tokens: 108,
    prompt_tokens_details: { cached_tokens: 0 },
  },
});
const chunk = event(' word', null);
const last = `${event('', 'length')}data: [DONE]\n\n`;

/** Of longer bodies the beginning alone is looked at: what is measured is who sends them. */
const READ_BYTES_MAX = 65_536;

const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  let bytes = 0;
  request.on('data', (part: Buffer) => {
    bytes += part.length;
    if (bytes <= READ_BYTES_MAX) parts.push(part);
  });
  request.on('end', () => {
    if (!Buffer.concat(parts).includes('"stream":true')) {
      response.writeHead(200, {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(whole),
      });
      response.end(whole);
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    let sent = 0;
    const next = (): void => {
      if (response.destroyed) return;
      if (sent === chunkCount) {
        response.end(last);
        return;
      }
      sent += 1;
      response.write(chunk);
      setImmediate(next);
    };
    next();
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('disconnect', () => process.exit(0));
