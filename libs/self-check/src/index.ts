export { checks } from './checks.js';
export type { Check, CheckCode, Severity } from './checks.js';
export { engineFindings } from './engine-checks.js';
export type { WatchedEngine, WatchedSocket } from './engine-checks.js';
export { EventAccount } from './event-account.js';
export type { EngineWork, EventAccountState } from './event-account.js';
export { fleetFindings } from './fleet-checks.js';
export type { EngineSockets } from './fleet-checks.js';
export { FindingBook } from './finding-book.js';
export type { StandingFinding } from './finding-book.js';
export { finding } from './finding.js';
export type { Finding } from './finding.js';
export { AnswerWindow } from './answer-window.js';
export type { AnswerSums, NotedAnswer } from './answer-window.js';
export { answerFindings, modelFindings } from './traffic-checks.js';
export type { ServedModel } from './traffic-checks.js';
export { planeFindings } from './plane-checks.js';
export type { WatchedPlanes } from './plane-checks.js';
export {
  neighbourFindings,
  prefillFindings,
  routerFindings,
  unheardFinding,
  workerFindings,
} from './pool-checks.js';
export type { Place, RegisteredRouter, RegisteredWorker } from './pool-checks.js';
