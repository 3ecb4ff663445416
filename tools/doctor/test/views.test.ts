import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { doctor, findingsAt, Scene, SOON } from './scene.js';

describe('what is wrong', () => {
  let scene: Scene;
  beforeEach(() => {
    scene = new Scene();
  });
  afterEach(() => scene.close());

  it('is told at /ready, in the log once, as a metric and by the doctor', async () => {
    const engine = await scene.engine((made) => (made.cacheConfig = { enable_prefix_caching: 'False' }));
    const agent = await scene.agent(['--url', engine.url, '--worker-id', 'w']);
    const frontend = (await scene.frontend()).url();

    const off = await scene.found(agent, 'CHECK_PREFIX_CACHING_OFF');
    expect(off).toMatchObject({ severity: 'warning', subject: 'w' });
    expect(off.message).toContain(`${engine.url} says enable_prefix_caching="False"`);
    expect(off.message).toContain('start the engine with --enable-prefix-caching');
    const silent = await scene.found(agent, 'CHECK_NO_KV_EVENTS');
    expect(silent.message).toContain(`nobody was told where ${engine.url} publishes KV events`);
    const untokenized = await scene.found(frontend, 'CHECK_NO_TOKENIZER');
    expect(untokenized).toMatchObject({ subject: 'm' });
    expect(untokenized.message).toContain('--tokenizer-path');

    for (const code of ['CHECK_PREFIX_CACHING_OFF', 'CHECK_NO_KV_EVENTS', 'CHECK_NO_TOKENIZER'])
      expect(scene.linesOf(code), code).toHaveLength(1);
    expect(await (await fetch(`${agent}/metrics`)).text()).toContain(
      'kvasir_self_check_findings{code="CHECK_PREFIX_CACHING_OFF",severity="warning",service="engine_agent"} 1',
    );
    expect(await (await fetch(`${frontend}/metrics`)).text()).toContain(
      'kvasir_self_check_findings{code="CHECK_NO_TOKENIZER",severity="warning",service="frontend"} 1',
    );

    const { text, exitCode } = await doctor('--url', agent, '--url', frontend);
    expect(exitCode).toBe(1);
    expect(text).toContain('✓ it answers and is ready');
    expect(text).toContain('✗ warning: prefix caching is off: w');
    expect(text).toContain('→ give the frontend --tokenizer-path');
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('is over when it is, and that is told once', async () => {
    const engine = await scene.engine((made) => (made.cacheConfig = { enable_prefix_caching: 'False' }));
    const agent = await scene.agent(['--url', engine.url]);
    await scene.found(agent, 'CHECK_PREFIX_CACHING_OFF');
    engine.cacheConfig = {};
    await vi.waitFor(async () => {
      const codes = (await findingsAt(agent)).map(({ code }) => code);
      expect(codes).not.toContain('CHECK_PREFIX_CACHING_OFF');
    }, SOON);
    expect(scene.linesOf('CHECK_PREFIX_CACHING_OFF').map((line) => line.includes('this is over'))).toEqual([
      false,
      true,
    ]);
  });

  it('is seen at an engine that nobody stands before', async () => {
    const engine = await scene.engine((made) => (made.cacheConfig = { enable_prefix_caching: 'False' }));
    const { text, exitCode } = await doctor('--engine-url', engine.url);
    expect(exitCode).toBe(1);
    expect(text).toContain('✗ warning: prefix caching is off');
    expect(text).toContain('✗ warning: no KV events configured');
    expect(text).toContain('? whether it reports cached tokens');
    expect(text).toContain('2 warnings');
  });

  it('is nobody there', async () => {
    const { examinations, exitCode } = await doctor('--url', 'http://127.0.0.1:1', '--json');
    expect(exitCode).toBe(2);
    expect(examinations[0]?.results[0]).toMatchObject({ kind: 'error', title: 'it does not answer' });
  });
});
