/** Answers each message of the parent with the CPU time that this process has used and the memory that it has, and ends with it. */
export function answerCpu(): void {
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send?.({ cpuUs: user + system, rssBytes: process.memoryUsage().rss });
  });
  process.on('disconnect', () => process.exit(0));
}
