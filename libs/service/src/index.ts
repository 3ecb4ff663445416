export { addAdminRoutes, createAdminServer } from './admin-server.js';
export type { AdminRoutes, AdminServer, Readiness } from './admin-server.js';
export { systemClock } from './clock.js';
export type { CancelTimer, Clock } from './clock.js';
export type { Component, DrainReport } from './component.js';
export { ServiceError, serviceErrors } from './errors.js';
export type { ServiceErrorCode } from './errors.js';
export { KvasirError } from './kvasir-error.js';
export { LastAnswers } from './last-answers.js';
export { formatAddress, listenError } from './listen.js';
export { boundedText, LOG_TEXT_LENGTH_MAX } from './bounded-fields.js';
export { createLogger, logLevels, recordLogger } from './logger.js';
export type { Logger, LogLevel } from './logger.js';
export { forgetSeries } from './forget-series.js';
export { joinMetrics } from './joined-metrics.js';
export { createMetrics, processMetrics } from './metrics.js';
export type { Counter, Gauge, GaugeSpec, Histogram, HistogramSpec, Metrics, MetricSpec } from './metrics.js';
export { defineOptions } from './options.js';
export type {
  OptionCatalog,
  OptionSpec,
  OptionSpecs,
  OptionTable,
  OptionValue,
  OptionValues,
} from './options.js';
export { formatHelp, formatOptionsMarkdown } from './options-text.js';
export { readOptions } from './read-options.js';
export type { OptionReading, OptionSources } from './read-options.js';
export { DRAIN_MS_DEFAULT, EXIT_BAD_CONFIGURATION, runMain } from './run-main.js';
export type { Main } from './run-main.js';
export { SelfCheck } from './self-check.js';
export type { FindingSource } from './self-check.js';
export { Supervisor } from './supervisor.js';
export type { SupervisorState } from './supervisor.js';
export { ProbeSightings } from './probe-sightings.js';
export { lameDuckOptions } from './stop-options.js';
export { addWorkerRoutes } from './worker-routes.js';
export type { AdminWorker, AdminWorkers } from './worker-routes.js';
export { readTlsFiles } from './tls-files.js';
export type { TlsFiles } from './tls-files.js';
