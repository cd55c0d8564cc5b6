// Server-sent events by fetch, so that they bear our header and resume exactly: after every break the stream is asked
// for again from the last position, with growing pauses, at once when the network or the page comes back.

const PAUSE_MIN_MS = 500;
const PAUSE_MAX_MS = 20_000;
/** The daemon sends a comment every 25 s; a stream that is silent for longer is dead. */
const SILENCE_MAX_MS = 60_000;

export class Live extends EventTarget {
  #url;
  #position;
  #abort;
  #stopped = false;
  #pause = PAUSE_MIN_MS;
  #wake = () => {};

  /** `url`: of the stream. `position`: to resume after, if known. Fires `frame` {name, data, position}, `state`
   * {state: connecting|open|broken|over}; `over` means that the session ended. */
  constructor(url, position) {
    super();
    this.#url = url;
    this.#position = position;
    this.onWake = () => this.#wake();
    // A stream that lost its network would look alive until its silence is noticed.
    this.onLost = () => this.#abort?.abort();
    addEventListener('online', this.onWake);
    addEventListener('offline', this.onLost);
    document.addEventListener('visibilitychange', this.onWake);
  }

  get position() { return this.#position; }

  start() { this.#run(); return this; }

  stop() {
    this.#stopped = true;
    this.#abort?.abort();
    this.#wake();
    removeEventListener('online', this.onWake);
    removeEventListener('offline', this.onLost);
    document.removeEventListener('visibilitychange', this.onWake);
  }

  async #run() {
    while (!this.#stopped) {
      this.#tell('connecting');
      const over = await this.#connect().catch(() => false);
      if (this.#stopped) return;
      if (over) { this.#tell('over'); return; }
      this.#tell('broken');
      await this.#rest();
    }
  }

  async #rest() {
    const pause = this.#pause * (0.7 + Math.random() * 0.6);
    this.#pause = Math.min(this.#pause * 2, PAUSE_MAX_MS);
    await new Promise((done) => {
      const timer = setTimeout(done, pause);
      this.#wake = () => { clearTimeout(timer); done(); };
    });
    this.#wake = () => {};
  }

  /** True when the session is over. */
  async #connect() {
    this.#abort = new AbortController();
    const headers = { Accept: 'text/event-stream', 'Handclasp-Web': '1' };
    if (this.#position !== undefined) headers['Last-Event-ID'] = String(this.#position);
    const init = { headers, signal: this.#abort.signal, credentials: 'same-origin', cache: 'no-store', redirect: 'error' };
    const response = await fetch(this.#url, init);
    if (response.status === 401) return true;
    if (!response.ok) return false;
    let watch = this.#watch();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    this.#tell('open');
    try {
      let rest = '';
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return false;
        clearTimeout(watch);
        watch = this.#watch();
        this.#pause = PAUSE_MIN_MS;
        const frames = (rest + value).split('\n\n');
        rest = frames.pop();
        frames.forEach((frame) => this.#frame(frame));
      }
    } finally {
      clearTimeout(watch);
    }
  }

  #watch() { return setTimeout(() => this.#abort.abort(), SILENCE_MAX_MS); }

  #frame(text) {
    let name = 'message';
    let data = '';
    let position;
    for (const line of text.split('\n')) {
      if (line.startsWith('data: ')) data += line.slice(6);
      else if (line.startsWith('event: ')) name = line.slice(7);
      else if (line.startsWith('id: ')) position = Number(line.slice(4));
    }
    if (!data) return;
    this.dispatchEvent(new CustomEvent('frame', { detail: { name, data: JSON.parse(data), position } }));
    // After the handlers: what they did not take in is asked for again.
    if (position !== undefined) this.#position = position;
  }

  #tell(state) { this.dispatchEvent(new CustomEvent('state', { detail: { state } })); }
}
