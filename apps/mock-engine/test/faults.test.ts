import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MockEngine } from '../src/index.js';
import { Engines, metric, post } from './running-engine.js';

describe('faults on demand', () => {
  let engines: Engines;
  let engine: MockEngine;
  const complete = (fields: object = {}) =>
    post(`${engine.url()}/v1/completions`, { model: 'kvasir-mock', prompt: 'a', max_tokens: 3, ...fields });
  const fault = (body: object) => post(`${engine.url()}/faults`, body);

  beforeEach(async () => {
    engines = new Engines();
    engine = await engines.start();
  });
  afterEach(() => engines.close());

  it('refuses until told otherwise', async () => {
    await fault({ kind: 'refuse' });
    expect((await complete()).status).toBe(503);
    expect((await fetch(`${engine.url()}/health`)).status).toBe(503);
    await fault({ kind: 'none' });
    expect((await complete()).status).toBe(200);
  });

  it('hangs for a time, probes included, and then answers what had come', async () => {
    await fault({ kind: 'hang', durationMs: 300 });
    const order: string[] = [];
    const probe = fetch(`${engine.url()}/health`).then(({ status }) => order.push(`health ${status}`));
    const answer = complete().then(({ status }) => order.push(`completion ${status}`));
    const { status } = await fetch(`${engine.url()}/faults`);
    order.push(`faults ${status}`);
    await Promise.all([probe, answer]);
    expect(order[0]).toBe('faults 200');
    expect(order).toContain('health 200');
    expect(order).toContain('completion 200');
  });

  it('computes hardly anything while it is slow, and all of it afterwards', async () => {
    const answer = complete({ max_tokens: 2000, ignore_eos: true });
    await expect.poll(() => metric(engine, 'vllm:num_requests_running')).toBe(1);
    await fault({ kind: 'slow', factor: 1_000_000 });
    const tokens = (): Promise<number> => metric(engine, 'vllm:generation_tokens_total');
    // The order is answered before it is carried out.
    await expect
      .poll(async () => {
        const before = await tokens();
        return (await tokens()) - before;
      })
      .toBeLessThanOrEqual(1);
    expect(await tokens()).toBeLessThan(2000);
    await fault({ kind: 'none' });
    expect((await answer).json['usage']).toMatchObject({ completion_tokens: 2000 });
  });

  it('crashes: the connection breaks, the port is free, the registration stays for its lease', async () => {
    const url = engine.url();
    const running = complete({ max_tokens: 4000, ignore_eos: true }).catch(() => 'broken');
    await expect.poll(() => metric(engine, 'vllm:num_requests_running')).toBe(1);
    await fault({ kind: 'crash' });
    expect(await running).toBe('broken');
    await expect
      .poll(() =>
        fetch(`${url}/health`).then(
          () => 'there',
          () => 'gone',
        ),
      )
      .toBe('gone');
    expect(engines.view('kvasir.aggregated.generate').workers).toHaveLength(1);
  });

  it('says what is wrong with an order', async () => {
    const answer = await fault({ kind: 'melt' });
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('melt');
  });
});

describe('registration', () => {
  it('names endpoint, role and limits, drains, and leaves', async () => {
    const engines = new Engines();
    const engine = await engines.start(
      '--role',
      'prefill',
      '--taints',
      'zone=a',
      '--max-num-batched-tokens',
      '512',
    );
    const view = () => engines.view('kvasir.prefill.generate').workers;
    expect(view()[0]).toMatchObject({
      role: 'prefill',
      url: engine.url(),
      workerId: engine.workerId(),
      batchedTokensMax: 512,
      taints: ['zone=a'],
      isDraining: false,
    });
    const running = post(`${engine.url()}/v1/completions`, {
      model: 'kvasir-mock',
      prompt: 'a',
      max_tokens: 3000,
      ignore_eos: true,
    });
    await expect.poll(() => metric(engine, 'vllm:num_requests_running')).toBe(1);
    const draining = engine.drain(10_000);
    await expect.poll(() => view()[0]?.isDraining).toBe(true);
    expect(await draining).toEqual({ abandonedRequests: 0 });
    expect((await running).status).toBe(200);
    await engine.close();
    expect(view()).toHaveLength(0);
    await engines.close();
  });
});
