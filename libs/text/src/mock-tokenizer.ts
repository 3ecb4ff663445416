import { fileURLToPath } from 'node:url';

/** Folder of the small tokenizer that mock engines and tests use; `src` and `dist` lie side by side, so both find it. */
export const mockTokenizerPath: string = fileURLToPath(new URL('../assets/mock', import.meta.url));
