// One's own part in a call: one's media, a connection to everybody who is in, the sign that one is there. No drawing.

import * as devices from './devices.js';
import { Peer } from './peer.js';
import { kindsOf, look, whyFailed } from './quality.js';

const BEAT_MS = 10_000;
/** The daemon puts a silent device out after this. */
const SILENCE_MS = 30_000;
const LOOK_MS = 1_000;
/** Who is at least this loud speaks. */
const SPEAKS = 0.02;

export class Session extends EventTarget {
  #peers = new Map();
  #early = [];
  #offs = [];
  #heardAt = Date.now();

  /**
   * `call`: the id; the daemon has let one in already. `tracks`: {voice, camera} that are open already. `shows`: {muted, camera}.
   * `isBack`: the page was loaded anew during the call. Fires `change`, `stats`, `word` {detail: a text's key and values} and
   * `over` {detail: {call, why}}.
   */
  constructor(store, call, { tracks = {}, shows, isBack = false }) {
    super();
    Object.assign(this, { store, id: call.id, room: call.room, isBack });
    this.media = { voice: tracks.voice ?? null, camera: tracks.camera ?? null, screen: null };
    this.isMuted = Boolean(shows.muted);
    /** What one's devices were refused for: {microphone, camera}, ends of texts' keys. */
    this.refused = {};
    this.quality = new Map();
    this.#offs = [
      store.on(`calls:${call.room}`, (told) => { if (told.id === this.id && !told.outcome) this.#sync(); }),
      store.on('call-over', (told) => { if (told.id === this.id) this.#end(told, told.outcome); }),
      store.on('call-signal', (signal) => { if (signal.call === this.id) this.#hear(signal); }),
    ];
    this.beat = setInterval(() => this.tellShows(), BEAT_MS);
    this.looking = setInterval(() => this.#look(), LOOK_MS);
    this.onNetwork = () => this.#peers.forEach((peer) => peer.refresh());
    addEventListener('online', this.onNetwork);
    navigator.connection?.addEventListener?.('change', this.onNetwork);
    this.onDevices = () => this.#devicesChanged();
    navigator.mediaDevices.addEventListener('devicechange', this.onDevices);
    this.ready = this.#prepare(Boolean(shows.camera));
  }

  get call() { return this.store.calls.of(this.id); }
  get peers() { return [...this.#peers.values()]; }
  peerOf(address) { return this.peers.find((peer) => peer.who === address); }
  get isShared() { return Boolean(this.media.screen); }
  get hasCamera() { return Boolean(this.media.camera); }
  get shows() { return { muted: this.isMuted || !this.media.voice, camera: this.hasCamera, screen: this.isShared }; }

  async #prepare(wantsCamera) {
    const [ice] = await Promise.all([
      this.store.calls.ice(),
      this.media.voice ? undefined : this.#open('microphone'),
      wantsCamera && !this.media.camera ? this.#open('camera') : undefined,
    ]);
    if (this.isOver) { this.#stop(); return; }
    this.ice = ice;
    this.config = { iceServers: ice.ice_servers, iceTransportPolicy: ice.relay_only ? 'relay' : 'all', bundlePolicy: 'max-bundle', iceCandidatePoolSize: 1 };
    for (const track of Object.values(this.media)) this.#watch(track);
    this.#applyMute();
    this.isReady = true;
    this.#sync();
    this.#early.splice(0).forEach((signal) => this.#hear(signal));
    this.#change();
    this.tellShows();
  }

  /** Opens a device; a refusal is shown and does not keep one out of the call. */
  async #open(kind, id) {
    try {
      const track = await devices.open(kind, id);
      if (this.isOver) { track.stop(); return; }
      delete this.refused[kind];
      this.media[kind === 'camera' ? 'camera' : 'voice'] = track;
    } catch (error) {
      this.refused[kind] = devices.whyNot(error);
    }
  }

  /** A device that was pulled out, or taken by the system, is noticed. */
  #watch(track) {
    track?.addEventListener('ended', () => {
      for (const name of Object.keys(this.media)) if (this.media[name] === track) this.media[name] = null;
      if (!this.isOver) { this.#use(); if (!this.media.voice) this.#reopen(); }
    });
  }

  async #reopen() {
    await this.#open('microphone', null);
    this.#watch(this.media.voice);
    this.#applyMute();
    this.#use();
  }

  #devicesChanged() { if (this.isReady && !this.media.voice && this.refused.microphone !== 'denied') this.#reopen(); this.#change(); }

  /** Connects to who came, and lets go of who went. */
  #sync() {
    const { call } = this;
    if (!call || this.isOver) return;
    if (!this.store.calls.isHere(call)) { this.#end(call, this.store.calls.mine(call)?.state ?? 'lost'); return; }
    if (!this.isReady) { this.#change(); return; }
    const present = new Map(this.store.calls.others(call).map((person) => [`${person.address} ${person.device}`, person]));
    for (const [key, peer] of this.#peers) {
      if (present.has(key)) continue;
      peer.close();
      this.#peers.delete(key);
      this.quality.delete(peer.who);
      this.#say('calls.left', { name: this.store.nameOf(peer.who) });
    }
    for (const [key, person] of present) if (!this.#peers.has(key)) this.#connect(key, person);
    this.#peers.forEach((peer) => peer.share(this.#peers.size));
    this.#change();
  }

  #connect(key, { address: who, device }) {
    const { store, config, media } = this;
    const send = (content) => store.calls.signal(this.id, { to: who, device, ...content });
    const peer = new Peer({ me: store.me.address, who, send, config, media: { ...media }, isBack: this.isBack });
    peer.device = device;
    peer.addEventListener('media', () => this.#change());
    peer.addEventListener('state', () => this.#peerChanged(peer));
    this.#peers.set(key, peer);
    this.#say('calls.joined', { name: store.nameOf(who) });
  }

  #hear(signal) {
    if (!this.isReady) { this.#early.push(signal); return; }
    const peer = this.#peers.get(`${signal.from} ${signal.device}`);
    if (peer) peer.take(signal);
  }

  async #peerChanged(peer) {
    if (peer.failure && !peer.why) {
      const kinds = kindsOf(await peer.stats().catch(() => new Map()));
      peer.why = whyFailed({ failure: peer.failure, kinds, ice: this.ice });
      this.#say('calls.failedWith', { name: this.store.nameOf(peer.who) });
    }
    if (!peer.failure) peer.why = undefined;
    this.#change();
  }

  async #look() {
    let loudest = SPEAKS;
    let speaker;
    await Promise.all(this.peers.map(async (peer) => {
      const found = look(await peer.stats().catch(() => new Map()), this.quality.get(peer.who));
      this.quality.set(peer.who, found);
      if (found.sound > loudest) { loudest = found.sound; speaker = peer.who; }
    }));
    if (speaker) this.speaker = speaker;
    this.speaking = speaker;
    this.dispatchEvent(new Event('stats'));
  }

  /** The sign that this device is there, with what it shows. */
  async tellShows() {
    try {
      await this.store.calls.shows(this.id, this.shows);
      this.#heardAt = Date.now();
    } catch (error) {
      if (error.status === 404) this.#end(this.call, 'lost');
      else if (Date.now() - this.#heardAt > SILENCE_MS) this.#end(this.call, 'lost');
    }
  }

  #applyMute() { if (this.media.voice) this.media.voice.enabled = !this.isMuted; }

  /** Gives everybody the media that stand now. */
  #use() {
    this.#peers.forEach((peer) => peer.use({ ...this.media }).catch((error) => { peer.lastError = error; }));
    this.#change();
    this.tellShows();
  }

  /** Microphone on or off. Without one, tries to get one. */
  async setMuted(isMuted) {
    this.isMuted = isMuted;
    if (!this.media.voice && !isMuted) { await this.#reopen(); return; }
    this.#applyMute();
    this.#change();
    this.tellShows();
  }

  async setCamera(isOn) {
    if (isOn === this.hasCamera) return;
    if (isOn) { await this.#open('camera'); this.#watch(this.media.camera); }
    else { this.media.camera.stop(); this.media.camera = null; }
    this.#use();
  }

  async setScreen(isOn) {
    if (isOn === this.isShared) return;
    if (isOn) { this.media.screen = await devices.openScreen(); this.#watch(this.media.screen); }
    else { this.media.screen.stop(); this.media.screen = null; }
    this.#use();
  }

  /** Another microphone or camera, in the middle of the call. */
  async setDevice(kind, id) {
    devices.choose(kind, id);
    const name = kind === 'camera' ? 'camera' : 'voice';
    if (kind === 'speaker') { this.#change(); return; }
    if (!this.media[name] && kind === 'camera') return;
    const before = this.media[name];
    await this.#open(kind, id);
    if (this.media[name] !== before) before?.stop();
    this.#watch(this.media[name]);
    this.#applyMute();
    this.#use();
  }

  async leave() {
    const { call } = this;
    this.#end(call, 'hung_up');
    await this.store.calls.leave(this.id);
  }

  #say(key, values) { this.dispatchEvent(new CustomEvent('word', { detail: { key, values } })); }
  #change() { this.dispatchEvent(new Event('change')); }

  #stop() { for (const track of Object.values(this.media)) track?.stop(); this.media = { voice: null, camera: null, screen: null }; }

  /** Media end here first: whatever else has to be told comes after. */
  #end(call, why) {
    if (this.isOver) return;
    this.isOver = true;
    this.#peers.forEach((peer) => peer.close());
    this.#stop();
    this.#offs.forEach((off) => off());
    clearInterval(this.beat);
    clearInterval(this.looking);
    removeEventListener('online', this.onNetwork);
    navigator.connection?.removeEventListener?.('change', this.onNetwork);
    navigator.mediaDevices.removeEventListener('devicechange', this.onDevices);
    this.dispatchEvent(new CustomEvent('over', { detail: { call, why } }));
    this.#peers.clear();
  }

  /** The page goes, or one signs out. */
  stop() { this.#end(this.call, 'stopped'); }
}
