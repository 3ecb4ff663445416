/** Model types (`config.json`) whose prompts vLLM 0.32 does not make with a chat template. */
const OWN_RENDERERS: ReadonlyMap<string, string> = new Map([
  ['gpt_oss', 'Harmony'],
  ['deepseek_v32', 'DeepSeek V3.2'],
  ['deepseek_v4', 'DeepSeek V4'],
  ['kimi_k3', 'Kimi K3'],
  ['inkling', 'Inkling'],
]);

/** The name of the renderer that a model has for itself; null when its chat template is used. */
export function ownRendererOf(modelType: string | null): string | null {
  return modelType === null ? null : (OWN_RENDERERS.get(modelType) ?? null);
}
