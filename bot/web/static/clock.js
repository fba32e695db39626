/** The time, and waiting: passed to whatever waits, so that tests have a clock of their own. */

export const systemClock = {
  now: () => Date.now(),
  random: () => Math.random(),
  after(delay, act) {
    const timer = setTimeout(act, delay);
    return () => clearTimeout(timer);
  },
};

/** Full jitter: clients that fell together do not come back together. */
export function backoff(clock, attempt, { base, cap }) {
  return clock.random() * Math.min(cap, base * 2 ** attempt);
}
