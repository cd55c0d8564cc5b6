// What was written and is not durable at the daemon yet. It survives a reload, and goes out in order, each message under
// one idempotency key: sent twice, it is said once.

import { newKey } from '../shared/api.js';

const RETRY_MS = 5_000;

export class Outbox extends EventTarget {
  #key;
  #busy = new Set();
  #timer;

  /** `post(letter)` sends one; `done(letter, posted)` is told of each that is durable. */
  constructor(address, post, done) {
    super();
    this.#key = `handclasp.outbox.${address}`;
    this.post = post;
    this.done = done;
    this.letters = JSON.parse(localStorage.getItem(this.#key) ?? '[]').map((letter) => ({ ...letter, claimed: undefined, state: letter.state === 'failed' ? 'failed' : 'waiting' }));
  }

  /** Those of a room that are not seen at their place yet. */
  of(room) { return this.letters.filter((letter) => letter.room === room && !letter.claimed); }

  /** `shown`: what is to be seen of its files until they are there. */
  add(room, message, shown) {
    this.letters.push({ key: newKey(), room, message, shown, at: Date.now(), state: 'waiting' });
    this.#changed(room);
    this.flush();
  }

  retry(letter) { this.#set(letter, { state: 'waiting', error: undefined }); this.flush(); }

  discard(letter) {
    this.letters = this.letters.filter((one) => one.key !== letter.key);
    this.#changed(letter.room);
  }

  /** The live stream can be faster than the answer: the letter whose event has come, if one is under way. */
  claim(room, event) {
    const letter = this.letters.find((one) => one.room === room && one.state === 'sending' && !one.claimed && one.message.text === (event.text ?? ''));
    if (letter) this.letters = this.letters.map((one) => (one === letter ? { ...one, claimed: event.id } : one));
    return letter;
  }

  /** Sends what waits; called when something was added and when the connection is back. */
  flush() {
    for (const room of new Set(this.letters.map((letter) => letter.room))) this.#flushRoom(room);
  }

  async #flushRoom(room) {
    if (this.#busy.has(room)) return;
    this.#busy.add(room);
    try {
      for (let letter; (letter = this.letters.find((one) => one.room === room && one.state !== 'failed'));) {
        if (!await this.#send(letter)) break;
      }
    } finally {
      this.#busy.delete(room);
    }
  }

  /** Whether to go on with the next. */
  async #send(letter) {
    this.#set(letter, { state: 'sending' });
    try {
      const posted = await this.post(letter);
      this.letters = this.letters.filter((one) => one.key !== letter.key);
      this.#save();
      this.done(letter, posted);
      return true;
    } catch (error) {
      const waits = error.isPassing || error.status === 401 || error.status === 429;
      this.#set(letter, waits ? { state: 'waiting' } : { state: 'failed', error: error.message });
      if (waits) {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.flush(), (error.retryAfterS ?? 0) * 1000 || RETRY_MS);
      }
      return !waits;
    }
  }

  #set(letter, change) {
    this.letters = this.letters.map((one) => (one.key === letter.key ? { ...one, ...change } : one));
    this.#changed(letter.room);
  }

  #changed(room) {
    this.#save();
    this.dispatchEvent(new CustomEvent('change', { detail: { room } }));
  }

  #save() {
    if (this.letters.length) localStorage.setItem(this.#key, JSON.stringify(this.letters));
    else localStorage.removeItem(this.#key);
  }

  stop() { clearTimeout(this.#timer); }
}
