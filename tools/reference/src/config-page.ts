import { formatOptionsMarkdown } from '@kvasir/service';
import type { OptionCatalog } from '@kvasir/service';

const INTRODUCTION = `# Configuration

Every setting of every program, generated from the tables that the programs read (\`npm run docs\`). Flags win over environment variables,
variables over defaults. A wrong value, an unknown flag or an unknown variable of the same program ends it with exit code 64 before anything
is opened, with one sentence per problem. \`--help\` prints the same.
`;

/** All settings as one page. */
export function configPage(programs: readonly OptionCatalog[]): string {
  return [INTRODUCTION, ...programs.map(formatOptionsMarkdown)].join('\n');
}
