import { engineAgentErrors, engineAgentOptions } from '@kvasir/engine-agent';
import { doctorOptions } from '@kvasir/doctor';
import { eventPlaneErrors } from '@kvasir/event-plane';
import { frontendOptions } from '@kvasir/frontend';
import { globalRouterErrors, globalRouterOptions } from '@kvasir/global-router';
import { mockEngineOptions } from '@kvasir/mock-engine';
import { openAiErrors } from '@kvasir/openai';
import { prefillRouterErrors, prefillRouterOptions } from '@kvasir/prefill-router';
import { registryErrors } from '@kvasir/registry';
import { routerErrors } from '@kvasir/router';
import { rpcErrors } from '@kvasir/rpc';
import { schedulerRejections } from '@kvasir/scheduler';
import { checks } from '@kvasir/self-check';
import { serviceErrors } from '@kvasir/service';
import { stackOptions } from '@kvasir/stack';
import { textErrors } from '@kvasir/text';
import { outcomes } from '@kvasir/worker-health';
import { configPage } from './config-page.js';
import { errorsPage } from './errors-page.js';
import { troubleshootingPage } from './troubleshooting-page.js';

/** The generated pages by file name, relative to `docs/`. */
export function referencePages(): Readonly<Record<string, string>> {
  return {
    'config.md': configPage([
      stackOptions,
      frontendOptions,
      prefillRouterOptions,
      globalRouterOptions,
      engineAgentOptions,
      mockEngineOptions,
      doctorOptions,
    ]),
    'troubleshooting.md': troubleshootingPage(checks),
    'errors.md': errorsPage([
      {
        title: 'HTTP',
        where: "`error.code` of the frontend's answers, with their status.",
        errors: openAiErrors,
      },
      {
        title: 'Scheduler',
        where: 'Why a request was not placed: in gRPC trailers (`kvasir-code`) and logs.',
        errors: schedulerRejections,
      },
      { title: 'Prefill router', where: 'In the gRPC trailer `kvasir-code`.', errors: prefillRouterErrors },
      { title: 'Global router', where: 'In the gRPC trailer `kvasir-code`.', errors: globalRouterErrors },
      {
        title: 'Engine agent',
        where: 'In the gRPC trailer `kvasir-code` of PublishKvEvents.',
        errors: engineAgentErrors,
      },
      {
        title: 'gRPC',
        where: 'In the gRPC trailer `kvasir-code`, raised by the transport.',
        errors: rpcErrors,
      },
      {
        title: 'Engines',
        where: 'How an exchange with an engine failed: in logs and in the label `code` of metrics.',
        errors: outcomes,
      },
      { title: 'Router', where: 'At start.', errors: routerErrors },
      {
        title: 'Registry',
        where: 'Refusals of registrations and claims, at start and in logs.',
        errors: registryErrors,
      },
      { title: 'Event plane', where: 'In logs.', errors: eventPlaneErrors },
      {
        title: 'Text',
        where: 'In logs; clients see `tokenizer_failed` or `invalid_value`.',
        errors: textErrors,
      },
      { title: 'Programs', where: 'On standard error at start.', errors: serviceErrors },
    ]),
  };
}
