/** A moment on the clock of whoever renders. */
export interface LocalTime {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly millisecond: number;
}

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;
const MONTHS = [
  ...(['January', 'February', 'March', 'April', 'May', 'June', 'July'] as const),
  ...(['August', 'September', 'October', 'November', 'December'] as const),
];
const DAYS_BEFORE = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334] as const;

const two = (value: number): string => String(value).padStart(2, '0');

function dayOfYear({ year, month, day }: LocalTime): number {
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return (DAYS_BEFORE[month - 1] ?? 0) + day + (isLeap && month > 2 ? 1 : 0);
}

const DIRECTIVES: ReadonlyMap<string, (time: LocalTime) => string> = new Map([
  ['a', ({ weekday }) => (DAYS[weekday] ?? '').slice(0, 3)],
  ['A', ({ weekday }) => DAYS[weekday] ?? ''],
  ['b', ({ month }) => (MONTHS[month - 1] ?? '').slice(0, 3)],
  ['B', ({ month }) => MONTHS[month - 1] ?? ''],
  ['d', ({ day }) => two(day)],
  ['-d', ({ day }) => String(day)],
  ['e', ({ day }) => String(day).padStart(2)],
  ['f', ({ millisecond }) => String(millisecond * 1000).padStart(6, '0')],
  ['F', ({ year, month, day }) => `${year}-${two(month)}-${two(day)}`],
  ['H', ({ hour }) => two(hour)],
  ['-H', ({ hour }) => String(hour)],
  ['I', ({ hour }) => two(hour % 12 === 0 ? 12 : hour % 12)],
  ['-I', ({ hour }) => String(hour % 12 === 0 ? 12 : hour % 12)],
  ['j', (time) => String(dayOfYear(time)).padStart(3, '0')],
  ['m', ({ month }) => two(month)],
  ['-m', ({ month }) => String(month)],
  ['M', ({ minute }) => two(minute)],
  ['p', ({ hour }) => (hour < 12 ? 'AM' : 'PM')],
  ['S', ({ second }) => two(second)],
  ['T', ({ hour, minute, second }) => `${two(hour)}:${two(minute)}:${two(second)}`],
  ['w', ({ weekday }) => String(weekday)],
  ['y', ({ year }) => two(year % 100)],
  ['Y', ({ year }) => String(year)],
  ['%', () => '%'],
]);

/** `datetime.strftime` in the C locale. @returns null when the format has a directive that is not known here. */
export function strftime(format: string, time: LocalTime): string | null {
  const unknown: string[] = [];
  const text = format.replace(/%(-?.|$)/gs, (_whole, directive: string) => {
    const write = DIRECTIVES.get(directive);
    if (write === undefined) unknown.push(directive);
    return write?.(time) ?? '';
  });
  return unknown.length === 0 ? text : null;
}
