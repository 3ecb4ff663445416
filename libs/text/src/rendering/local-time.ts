import { strftime } from '@kvasir/jinja';
import type { Surroundings } from '@kvasir/jinja';

/** The clock of this process: right where engines run in the same time zone. */
export const localSurroundings: Surroundings = {
  strftimeNow: (format) => {
    const now = new Date();
    return strftime(format, {
      year: now.getFullYear(),
      month: now.getMonth() + 1,
      day: now.getDate(),
      weekday: now.getDay(),
      hour: now.getHours(),
      minute: now.getMinutes(),
      second: now.getSeconds(),
      millisecond: now.getMilliseconds(),
    });
  },
};
