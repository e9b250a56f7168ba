const ROUNDS = 7;
const WARM_UP_ROUNDS = 3;

/**
 * CPU nanoseconds of one call, garbage collection and compilation threads included: the best of seven rounds after three
 * to warm up, because whatever else the cores do only adds. A round lasts `roundMs` at least.
 */
export async function measureCpuNs(work: (times: number) => void | Promise<void>, roundMs = 200): Promise<number> {
  let times = 1;
  while ((await spentNs(work, times)) < roundMs * 1e6) times *= 2;
  for (let round = 0; round < WARM_UP_ROUNDS; round++) await work(times);
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) rounds.push((await spentNs(work, times)) / times);
  return Math.min(...rounds);
}

async function spentNs(work: (times: number) => void | Promise<void>, times: number): Promise<number> {
  const before = process.cpuUsage();
  await work(times);
  const { user, system } = process.cpuUsage(before);
  return (user + system) * 1_000;
}
