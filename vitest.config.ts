import { defineConfig } from 'vitest/config';

/** Tests run on sources (the `@kvasir/source` export condition), so no build comes first. */
const sources = {
  resolve: { conditions: ['@kvasir/source'] },
  ssr: { resolve: { conditions: ['@kvasir/source', 'node', 'import', 'default'] } },
};

export default defineConfig({
  ...sources,
  test: {
    projects: [
      {
        ...sources,
        test: {
          name: 'unit',
          include: ['{apps,libs,tools}/*/src/**/*.test.ts'],
          environment: 'node',
        },
      },
      {
        ...sources,
        test: {
          name: 'integration',
          include: ['{apps,libs,tools}/*/test/**/*.test.ts'],
          environment: 'node',
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // Each file starts real servers on free ports: side by side they would only starve one another on two cores.
          fileParallelism: false,
        },
      },
    ],
  },
});
