// What is true for a moment: who types, who is there, who has read how far. Nothing of it is kept.

const TYPING_AGAIN_MS = 3_000;
const TYPING_ENDS_MS = 6_000;

export class Signals {
  #presence = new Map();
  #typing = new Map();
  #readers = new Map();
  #said = { at: 0 };

  /** `store`: its API, its topics, and whether the daemon has signals. */
  constructor(store) { this.store = store; }

  /** `online`, `away`, or nothing. */
  presenceOf(address) { return this.#presence.get(address); }

  /** Who types in a room, as addresses. */
  typingIn(room) { return [...(this.#typing.get(room)?.keys() ?? [])]; }

  /** How far others have read a room: [[address, index]]. */
  readersOf(room) { return [...(this.#readers.get(room) ?? [])]; }

  /** Reads who has read a room how far. */
  async readReaders(room) {
    const { items } = await this.store.api.get(`/rooms/${room}/readers`);
    this.#readers.set(room, new Map(items.map(({ address, index }) => [address, index])));
    this.store.tell(`readers:${room}`);
  }

  takePicture({ presence, typing }) {
    this.#presence = new Map(presence.map(({ address, state }) => [address, state]));
    for (const room of [...this.#typing.keys()]) this.#forget(room);
    for (const one of typing) this.takeTyping(one);
    this.store.tell('presence');
  }

  takePresence({ address, state }) {
    if (state === 'offline') this.#presence.delete(address); else this.#presence.set(address, state);
    this.store.tell('presence');
  }

  takeReader({ room, address, index }) {
    if (!this.#readers.has(room)) return;
    this.#readers.get(room).set(address, index);
    this.store.tell(`readers:${room}`);
  }

  takeTyping({ room, address, typing, ends_in_ms: endsInMs }) {
    if (address === this.store.me.address) return;
    const people = this.#typing.get(room) ?? new Map();
    clearTimeout(people.get(address));
    if (typing) people.set(address, setTimeout(() => this.takeTyping({ room, address, typing: false }), endsInMs ?? TYPING_ENDS_MS));
    else people.delete(address);
    this.#typing.set(room, people);
    this.#toldOf(room);
  }

  /** Who has said something types no more. */
  ended(room, address) { if (this.#typing.get(room)?.has(address)) this.takeTyping({ room, address, typing: false }); }

  #forget(room) {
    for (const timer of this.#typing.get(room)?.values() ?? []) clearTimeout(timer);
    this.#typing.delete(room);
    this.#toldOf(room);
  }

  #toldOf(room) {
    this.store.tell(`typing:${room}`);
    this.store.tell('typing');
  }

  /** Says that one types in a room, or has ceased to; not more often than is needed. */
  say(room, isTyping) {
    if (!this.store.features.signals || this.store.connection !== 'open') return;
    const now = Date.now();
    const isKnown = this.#said.room === room;
    if (isTyping ? isKnown && now - this.#said.at < TYPING_AGAIN_MS : !isKnown) return;
    this.#said = isTyping ? { room, at: now } : { at: 0 };
    this.store.api.post(`/rooms/${room}/typing`, { typing: isTyping }, { quiet: true }).catch(() => {});
  }
}
