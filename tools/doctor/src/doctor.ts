import { examineEngine } from './examine-engine.js';
import { examineService } from './examine-service.js';
import { exitCodeOf } from './examination.js';
import type { Examination } from './examination.js';
import type { DoctorValues } from './options.js';
import { reportText } from './report-text.js';

/** What a run prints, and how it ends. */
export interface Diagnosis {
  readonly examinations: readonly Examination[];
  readonly text: string;
  readonly exitCode: 0 | 1 | 2;
}

/** Looks at everything that was named. Never rejects. */
export async function diagnose(values: DoctorValues): Promise<Diagnosis> {
  const { url, engineUrl, json } = values;
  const examinations = await Promise.all([
    ...url.map(examineService),
    ...(engineUrl === null ? [] : [examineEngine(engineUrl, values)]),
  ]);
  const text = json ? `${JSON.stringify({ examinations }, null, 2)}\n` : reportText(examinations);
  return { examinations, text, exitCode: exitCodeOf(examinations) };
}
