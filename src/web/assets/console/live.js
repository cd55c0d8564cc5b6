// What all views share and see change: the daemon's status, its readiness, and samples of its metrics.

import { Samples } from './metrics.js';

/** Between two looks at the daemon. */
export const EVERY_MS = 5_000;
/** How much is kept for the graphs. */
export const KEPT_MS = 30 * 60_000;
const HIDDEN_EVERY_MS = 15_000;

/** Asks again and again, and tells who listens. */
export class Live extends EventTarget {
  constructor(admin) {
    super();
    Object.assign(this, { admin, status: undefined, problem: undefined, reachedAt: undefined, isReady: undefined });
    this.samples = new Samples(Math.ceil(KEPT_MS / EVERY_MS) + 1);
  }

  /** Begins, with one look before the promise is kept. */
  async start() {
    this.wake = () => document.hidden || this.look();
    document.addEventListener('visibilitychange', this.wake);
    await this.look();
  }

  stop() {
    clearTimeout(this.timer);
    this.stopped = true;
    document.removeEventListener('visibilitychange', this.wake);
  }

  /** Looks now, and again after a while. One look at a time. */
  look() {
    clearTimeout(this.timer);
    this.looking ??= this.#look().finally(() => {
      this.looking = undefined;
      if (!this.stopped) this.timer = setTimeout(() => this.look(), document.hidden ? HIDDEN_EVERY_MS : EVERY_MS);
    });
    return this.looking;
  }

  async #look() {
    const [status, metrics, ready] = await Promise.allSettled([this.admin.status(), this.admin.metrics(), this.admin.ready()]);
    if (this.stopped) return;
    const now = Date.now();
    this.samples.add(now, metrics.value);
    this.problem = status.reason;
    if (status.value) Object.assign(this, { status: status.value, reachedAt: now });
    this.isReady = ready.status === 'fulfilled' ? true : ready.reason.status ? false : undefined;
    this.dispatchEvent(new Event('change'));
  }
}
