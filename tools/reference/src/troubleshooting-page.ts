import type { Check } from '@kvasir/self-check';

const INTRODUCTION = `# Troubleshooting

Every program looks at itself all the time. What it finds wrong is told once in its log (and once more when it is over), in the member \`findings\` of
\`GET /ready\`, as the metric \`kvasir_self_check_findings{code,severity}\`, and by the doctor, which prints causes and remedies:

\`\`\`
npm run doctor -- --url http://127.0.0.1:8000 --url http://gpu-7:9102
npm run doctor -- --engine-url http://gpu-7:8000 --kv-events tcp://gpu-7:5557
\`\`\`

\`--url\` takes frontends and the admin ports of routers and engine agents, \`--engine-url\` an engine that nobody need stand before. It ends with 0 when
nothing is wrong, 1 with warnings, 2 with errors or when nobody answers; \`--json\` prints the same as data.

A finding makes no service unready: whoever can serve serves. An **error** keeps work from being done or done right; a **warning** costs speed or hides
trouble. This table is generated from the one in \`libs/self-check\` (\`npm run docs\`).
`;

/** All checks as one page. */
export function troubleshootingPage(checks: Readonly<Record<string, Check>>): string {
  const rows = Object.entries(checks).map(
    ([code, { severity, title, meaning, remedy }]) =>
      `| \`${code}\` | ${severity} | **${title}.** ${meaning} | ${sentence(remedy)} |`,
  );
  const head = ['| code | severity | what it means | what to do |', '| --- | --- | --- | --- |'];
  return [INTRODUCTION, ...head, ...rows, ''].join('\n');
}

function sentence(clause: string): string {
  return `${clause.charAt(0).toUpperCase()}${clause.slice(1)}.`;
}
