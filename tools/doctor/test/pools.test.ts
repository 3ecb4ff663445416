import { parseEndpointName } from '@kvasir/contract';
import { newIncarnation } from '@kvasir/contract';
import { routerId, seededPrng } from '@kvasir/units';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findingsAt, Scene } from './scene.js';

const PREFILL = parseEndpointName('kvasir.prefill.generate');
if (PREFILL === null) throw new TypeError('Cannot test: no endpoint');
const prefill = PREFILL;

describe('a pool', () => {
  let scene: Scene;
  let frontend = '';
  beforeEach(async () => {
    scene = new Scene();
    frontend = (await scene.frontend()).url();
  });
  afterEach(() => scene.close());

  it('in which an engine has two ids is told with both, and with who holds them', async () => {
    const url = 'http://gpu-1:8000';
    await scene.worker('decode', 'one', { url, holder: 'gpu-1/10' });
    await scene.worker('decode', 'two', { url, holder: 'gpu-2/20' });
    const { message, subject } = await scene.found(frontend, 'CHECK_ENGINE_OF_TWO_IDS');
    expect(subject).toBe(url);
    expect(message).toContain('"one" at kvasir.decode.generate (held by gpu-1/10) and "two"');
    expect(message).toContain('(held by gpu-2/20)');
  });

  it('in which two engines have one id is told with both', async () => {
    await scene.worker('decode', 'w', { url: 'http://gpu-1:8000', holder: 'gpu-1/10' });
    await scene.worker('prefill', 'w', { url: 'http://gpu-2:8000', holder: 'gpu-2/20' });
    const { message } = await scene.found(frontend, 'CHECK_ID_OF_TWO_ENGINES');
    expect(message).toContain('http://gpu-1:8000 at kvasir.decode.generate (held by gpu-1/10)');
    expect(message).toContain('http://gpu-2:8000 at kvasir.prefill.generate (held by gpu-2/20)');
  });

  it('whose worker advertises an address that only its machine can reach is told so', async () => {
    await scene.worker('decode', 'w', { url: 'http://127.0.0.1:8000', holder: 'another-machine/10' });
    const { message } = await scene.found(frontend, 'CHECK_ADDRESS_NOT_REACHABLE');
    expect(message).toContain('"w" is advertised at http://127.0.0.1:8000 by another-machine/10');
    expect(message).toContain('--url of the engine agent');
  });

  it('on this machine may use loopback addresses', async () => {
    const engine = await scene.engine();
    const agent = await scene.agent(['--url', engine.url]);
    await scene.found(agent, 'CHECK_NO_KV_EVENTS');
    await scene.found(frontend, 'CHECK_NO_TOKENIZER');
    expect((await findingsAt(frontend)).map(({ code }) => code)).toEqual(['CHECK_NO_TOKENIZER']);
  });

  it('whose router advertises all addresses of its machine is told so', async () => {
    await scene.registry.registerRouter(
      { routerId: routerId('r'), endpoint: prefill, address: '0.0.0.0:9000', pools: [], isDraining: false },
      600_000,
    );
    const { message } = await scene.found(frontend, 'CHECK_ADDRESS_NOT_REACHABLE');
    expect(message).toContain('the router r is advertised at 0.0.0.0:9000');
  });

  it('of prefill workers without a router is told so, until there is one', async () => {
    await scene.worker('decode', 'd');
    await scene.worker('prefill', 'p');
    const { message } = await scene.found(frontend, 'CHECK_NO_PREFILL_ROUTER');
    expect(message).toContain('1 prefill worker is registered at kvasir.prefill.generate, and no router');
    await scene.prefillRouter();
    await scene.over(frontend, 'CHECK_NO_PREFILL_ROUTER');
  });

  it('whose prefill router does not answer is told with its address', async () => {
    const engine = await scene.engine();
    await scene.worker('decode', 'd', { url: engine.url });
    await scene.worker('prefill', 'p');
    await scene.registry.registerRouter(
      { routerId: routerId('r'), endpoint: prefill, address: '127.0.0.1:1', pools: [], isDraining: false },
      600_000,
    );
    await scene.ask(frontend, [1, 2, 3]);
    const { message } = await scene.found(frontend, 'CHECK_PREFILL_ROUTER_UNREACHABLE');
    expect(message).toContain('nobody answers at 127.0.0.1:1');
  });

  it('with a worker of the other role is told so', async () => {
    await scene.worker('decode', 'w', { role: 'prefill' });
    const { message } = await scene.found(frontend, 'CHECK_ROLE');
    expect(message).toContain('"w" has the role prefill and is registered at kvasir.decode.generate');
  });

  it('with nobody while others have workers is told with who has', async () => {
    await scene.worker('backend', 'w');
    await scene.worker('prefill', 'p');
    const { message } = await scene.found(frontend, 'CHECK_NOBODY_GENERATES');
    expect(message).toContain('1 at kvasir.prefill.generate, 1 at kvasir.backend.generate');
  });

  it('of a worker that was born in the future is told of the clocks', async () => {
    const born = newIncarnation(Date.now() + 3_600_000, seededPrng(1));
    await scene.worker('decode', 'w', { incarnation: born, holder: 'gpu-1/10' });
    const { message } = await scene.found(frontend, 'CHECK_CLOCK_SKEW');
    expect(message).toMatch(/"w" was registered 3\d\d\d s from now by the clock of gpu-1\/10/);
  });

  it('of a worker whose publisher nobody hears is told so at the frontend and at the router', async () => {
    // It is registered, and what tells of its cache is on another event plane.
    await scene.worker('decode', 'd', { publishesKvEvents: true, holder: 'gpu-1/10' });
    await scene.worker('prefill', 'p', { publishesKvEvents: true });
    const { message } = await scene.found(frontend, 'CHECK_PUBLISHER_NOT_HEARD');
    expect(message).toContain('"d" at kvasir.decode.generate (held by gpu-1/10) publishes KV events');
    expect(message).toContain('the same --nats-url');
    const router = (await scene.prefillRouter()).metricsUrl().replace('/metrics', '');
    expect((await scene.found(router, 'CHECK_PUBLISHER_NOT_HEARD')).subject).toBe('p');
  });
});
