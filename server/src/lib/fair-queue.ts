/** Work of one kind that is started piece by piece, in order. */
export interface QueuedWork {
  readonly count: number;
  /** Resolves when the piece has ended. Must not reject. */
  start(index: number): Promise<void>;
}

export interface QueueLane {
  /**
   * Resolves when everything that was started has ended, with how many pieces that were: all, or fewer when `signal` was
   * aborted, which starts nothing new.
   */
  run(work: QueuedWork, signal?: AbortSignal): Promise<number>;
}

export interface FairQueue {
  /** `maxInFlight`: pieces of this lane under way at once. */
  openLane(maxInFlight: number): QueueLane;
}

interface Run {
  readonly work: QueuedWork;
  readonly finish: () => void;
  started: number;
  ended: number;
  stopped: boolean;
}

interface Lane {
  readonly maxInFlight: number;
  /** Works that have pieces left, each served in turn. */
  readonly runs: Run[];
  inFlight: number;
  queued: boolean;
}

/**
 * Shares `maxInFlight` places among lanes: a place that gets free goes to the next lane in turn that has work and is
 * under its own limit, so that one with a thousand pieces keeps nobody else waiting for longer than one round.
 */
export function createFairQueue(maxInFlight: number): FairQueue {
  let free = maxInFlight;
  const turns: Lane[] = [];

  function enqueue(lane: Lane): void {
    if (lane.queued || lane.runs.length === 0 || lane.inFlight >= lane.maxInFlight) return;
    lane.queued = true;
    turns.push(lane);
  }

  function drain(): void {
    for (let lane = free > 0 ? turns.shift() : undefined; lane !== undefined;) {
      lane.queued = false;
      startNext(lane);
      enqueue(lane);
      lane = free > 0 ? turns.shift() : undefined;
    }
  }

  function startNext(lane: Lane): void {
    const run = lane.runs.shift();
    if (run === undefined) return;
    const index = run.started++;
    if (run.started < run.work.count) lane.runs.push(run);
    lane.inFlight++;
    free--;
    void run.work.start(index).finally(() => {
      lane.inFlight--;
      free++;
      run.ended++;
      if (run.ended === run.started && (run.stopped || run.started === run.work.count)) run.finish();
      enqueue(lane);
      drain();
    });
  }

  async function run(lane: Lane, work: QueuedWork, signal: AbortSignal | undefined): Promise<number> {
    if (work.count === 0 || signal?.aborted === true) return 0;
    let stop = (): void => {};
    const started = await new Promise<number>((resolve) => {
      const own: Run = { work, started: 0, ended: 0, stopped: false, finish: () => resolve(own.started) };
      stop = () => {
        const place = lane.runs.indexOf(own);
        if (place !== -1) lane.runs.splice(place, 1);
        own.stopped = true;
        if (own.ended === own.started) own.finish();
      };
      signal?.addEventListener('abort', stop, { once: true });
      lane.runs.push(own);
      enqueue(lane);
      drain();
    });
    signal?.removeEventListener('abort', stop);
    return started;
  }

  return {
    openLane(laneLimit) {
      const lane: Lane = { maxInFlight: laneLimit, runs: [], inFlight: 0, queued: false };
      return { run: (work, signal) => run(lane, work, signal) };
    },
  };
}
