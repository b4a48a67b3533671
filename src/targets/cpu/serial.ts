/** One thing at a time: jobs run in the order they were asked for, and an end that comes after all of them. */

export interface Serial {
  /** Runs a job after those before it, whether or not they failed. Errors: the job's own; after `end`, always. */
  enqueue<T>(job: () => Promise<T>): Promise<T>;
  /** Runs the last job, once; every later call gets the same promise. */
  end(job: () => Promise<void>): Promise<void>;
}

/** A new queue. */
export function serial(): Serial {
  let last: Promise<unknown> = Promise.resolve();
  let ended: Promise<void> | undefined;
  const after = <T>(job: () => Promise<T>): Promise<T> => {
    const result = last.then(job, job);
    last = result;
    return result;
  };
  return {
    enqueue: (job) => (ended ? Promise.reject(new Error("this device is closed")) : after(job)),
    end: (job) => {
      ended ??= after(job);
      return ended;
    },
  };
}
