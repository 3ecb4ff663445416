import { format, resolveConfig } from 'prettier';

/** `src` and `dist` lie side by side, so both find the pages. */
export const pageUrl = (name: string): URL => new URL(`../../../docs/${name}`, import.meta.url);

/** A page as the formatter would leave it, so that generating and formatting never disagree. */
export async function formatted(markdown: string): Promise<string> {
  const config = await resolveConfig(pageUrl('config.md'));
  return await format(markdown, { ...config, parser: 'markdown' });
}
