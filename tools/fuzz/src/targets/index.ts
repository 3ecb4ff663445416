import type { FuzzTarget } from '../fuzz-target.js';
import { engineAnswers, engineMessages } from './engine-events.js';
import { engineFiles, workerFiles } from './files.js';
import { publishedEvents, routerCalls } from './grpc.js';
import { engineLoads, kvMessages, kvRecovery, peerLoads, poolReports, seals } from './plane-messages.js';
import { records, redisValues, snapshotChunks, snapshotManifests } from './records.js';
import { chatRequests, completionRequests, headers, sseStreams } from './requests.js';

/** Everything that reads what others have written. */
export const targets: readonly FuzzTarget[] = [
  ...[engineMessages, engineAnswers, publishedEvents],
  ...[kvMessages, kvRecovery, engineLoads, peerLoads, poolReports, seals],
  ...[records, redisValues, snapshotManifests, snapshotChunks],
  ...[chatRequests, completionRequests, headers, sseStreams],
  ...[routerCalls, engineFiles, workerFiles],
];
