import { parentPort } from 'node:worker_threads';

/** A text worker that ends in the middle of a request or never answers it when told to, and answers the others with one id. */
parentPort.on('message', ({ kind, id, task }) => {
  if (kind === 'cancel') return;
  if (task.text === 'crash') process.exit(3);
  if (task.text === 'mute') return;
  const cache = { hitTokens: 1, missTokens: 0, evictedTokens: 0, oversizedSegments: 0, cachedTokens: 1 };
  parentPort.postMessage({ kind: 'encoded', id, tokens: Uint32Array.of(7), cache });
});
parentPort.postMessage({ kind: 'ready', vocabulary: { size: 8, specialTokens: new Map() } });
