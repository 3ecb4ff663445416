/**
 * Answers each message of the parent with the CPU time that this process has used and the memory that it has, and ends with it.
 * @param more what else is answered.
 */
export function answerCpu(more: () => object = () => ({})): void {
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send?.({ cpuUs: user + system, rssBytes: process.memoryUsage().rss, ...more() });
  });
  process.on('disconnect', () => process.exit(0));
}
