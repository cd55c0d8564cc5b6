// The calls that one may know of, kept true by the live stream, and what one asks the daemon to do with them. No media.

import { newKey } from '../../shared/api.js';

const DEVICE = 'handclasp.device';
/** Until this device is told by the daemon which one somebody joined by. */
const NO_DEVICE = '0'.repeat(32);

/** This tab, as others name it: the same after a reload, so that it comes back into its call; else another one. */
function thisDevice() {
  const isReload = performance.getEntriesByType('navigation')[0]?.type === 'reload';
  const known = sessionStorage.getItem(DEVICE);
  const device = isReload && known ? known : newKey();
  sessionStorage.setItem(DEVICE, device);
  return device;
}

export class Calls {
  #known = new Map();
  /** Calls that are over: an answer that was on its way does not bring them back. */
  #over = new Map();

  /** `store`: its API and topics. Tells `calls` and `calls:{room}` on changes, `call-over` {call}, `call-signal` {signal}. */
  constructor(store) {
    this.store = store;
    this.device = thisDevice();
  }

  of(id) { return this.#known.get(id); }
  inRoom(room) { return [...this.#known.values()].find((call) => call.room === room); }
  get all() { return [...this.#known.values()]; }

  /** What has become of a call since the daemon answered. */
  now(call) { return this.#over.get(call.id) ?? this.#known.get(call.id) ?? call; }

  /** One's own place in a call: {state, device, shows}. */
  mine(call) { return call?.people?.find((person) => person.address === this.store.me.address); }

  /** Whether one is in it by this device. */
  isHere(call) { return this.mine(call)?.device === this.device; }

  /** The others who are in, with known devices. */
  others(call) {
    return call.people.filter((person) => person.address !== this.store.me.address && person.device && person.device !== NO_DEVICE);
  }

  take(call) {
    if (this.#over.has(call.id)) return;
    if (call.outcome) {
      this.#over.set(call.id, call);
      this.#known.delete(call.id);
      this.store.tell('call-over', call);
    } else {
      this.#known.set(call.id, call);
    }
    this.store.tell('calls', call);
    this.store.tell(`calls:${call.room}`, call);
  }

  takeSignal(signal) { if (signal.to_device === this.device) this.store.tell('call-signal', signal); }

  /** After the stream was broken: it tells all calls that go on, and nobody those that ended meanwhile. */
  async renew() {
    const known = this.all;
    if (!known.length) return;
    const { items } = await this.store.api.get('/calls');
    const present = new Set(items.map((call) => call.id));
    for (const call of known) if (!present.has(call.id)) this.take({ ...call, outcome: call.connected_at ? 'answered' : 'missed' });
  }

  /** Whether one can call in a room, and why not: {possible, code, detail}. */
  possible(room) { return this.store.api.get(`/rooms/${room}/calls`); }
  ice() { return this.store.api.get('/calls/ice'); }

  async #do(path, body, options) {
    const call = await this.store.api.post(path, body, options);
    this.take(call);
    return call;
  }

  start(room, medium, { shows, invited }) { return this.#do(`/rooms/${room}/calls`, { medium, device: this.device, shows, invited }); }
  join(call, shows) { return this.#do(`/calls/${call}/join`, { device: this.device, shows }); }
  decline(call) { return this.#do(`/calls/${call}/decline`); }
  leave(call) { return this.#do(`/calls/${call}/leave`, { device: this.device }); }

  /** What the others get of one; also the sign that this device is there. */
  shows(call, shows) { return this.store.api.put(`/calls/${call}/shows`, { device: this.device, shows }, { quiet: true }); }

  /** Something for another's browser. At most once: who hears nothing asks again. */
  signal(call, { to, device, ...content }) {
    return this.store.api.post(`/calls/${call}/signals`, { device: this.device, to, to_device: device, ...content }, { quiet: true });
  }
}
