// A call as it is seen: everybody as a picture, what one can do, how good it is. Full or small beside the conversation.

import { fill, h, icon } from '../../shared/dom.js';
import { t } from '../../shared/i18n.js';
import { avatar, complain, iconButton, openMenu, toast, uid } from '../../shared/ui.js';
import { canChooseSpeaker, canShare, chosen, list } from './devices.js';
import { play } from './sound.js';
import { Tile } from './tile.js';

const LAYOUT = 'handclasp.calls.layout';

export class CallView {
  #tiles = new Map();

  /** `session`: one's part in the call. `desk`: what it hands back. */
  constructor(session, desk) {
    Object.assign(this, { session, desk, store: session.store });
    this.layout = localStorage.getItem(LAYOUT) ?? 'grid';
    this.title = h('h2', { id: uid('call'), class: 'clip' });
    this.clock = h('span', { class: 'call-clock', role: 'timer' });
    this.status = h('p', { class: 'call-status', role: 'status', aria: { live: 'polite' } });
    this.spoken = h('p', { class: 'unseen', role: 'log', aria: { live: 'polite' } });
    this.notice = h('div', { class: 'call-notice' });
    this.stage = h('div', { class: 'call-stage', data: { layout: this.layout } });
    this.controls = h('div', { class: 'call-controls', role: 'toolbar', aria: { label: t('calls.controls') } });
    this.head = h('header', { class: 'call-head' });
    this.element = h('section', { class: 'call-view', aria: { labelledby: this.title.id }, tabIndex: -1, data: { call: session.id } }, this.head, this.notice, this.stage, this.status, this.controls, this.spoken);
    // For tests: what counts is what arrives.
    this.element.session = session;
    this.buttons = this.#buttons();
    this.own = new Tile(this, { address: this.store.me.address, isOwn: true });
    session.addEventListener('change', () => this.draw());
    session.addEventListener('stats', () => this.#measured());
    session.addEventListener('word', ({ detail }) => { this.say(t(detail.key, detail.values)); if (detail.key === 'calls.joined') play('came'); });
    this.ticking = setInterval(() => this.#tick(), 500);
    this.onKey = (event) => this.#key(event);
    addEventListener('keydown', this.onKey);
    this.draw();
  }

  #buttons() {
    const { session } = this;
    const deed = (act) => () => Promise.resolve(act()).catch((error) => { if (error.name !== 'NotAllowedError') complain(error); });
    const control = (what, onClick, extra = '') => h('button', { class: ['call-control', extra], type: 'button', data: { what }, on: { click: onClick } });
    return {
      microphone: control('microphone', deed(() => session.setMuted(!session.isMuted))),
      camera: control('camera', deed(() => session.setCamera(!session.hasCamera))),
      screen: canShare() && control('screen', deed(() => session.setScreen(!session.isShared))),
      layout: control('layout', () => this.#setLayout(this.layout === 'grid' ? 'speaker' : 'grid'), 'wide-only'),
      more: control('more', () => this.#more()),
      hangUp: control('hangUp', deed(() => session.leave()), 'hang-up'),
    };
  }

  /** Draws everything that is not a matter of every second. */
  draw() {
    const { session, store } = this;
    const { call } = session;
    if (!call || session.isOver) return;
    const room = store.rooms.get(call.room);
    this.title.textContent = room ? store.roomName(room) : '';
    const size = iconButton(this.isSmall ? 'grow' : 'shrink', t(this.isSmall ? 'calls.grow' : 'calls.shrink'), () => (this.isSmall ? this.grow() : this.shrink()), { data: { what: 'size' } });
    const hadFocus = document.activeElement?.dataset?.what === 'size' && this.head.contains(document.activeElement);
    fill(this.head, this.title, this.clock, h('span', { class: 'grow' }), size);
    if (hadFocus) size.focus();
    this.#drawControls();
    this.#drawNotice();
    this.#drawTiles(call);
    this.#drawStatus(call);
  }

  #drawControls() {
    const { session, buttons } = this;
    const set = (button, drawing, label, isPressed, shortcut) => {
      if (!button) return;
      fill(button, icon(drawing), h('span', { class: 'call-control-label' }, label));
      button.title = shortcut ? `${label} (${shortcut.replace('Control', 'Ctrl')})` : label;
      if (isPressed !== undefined) button.setAttribute('aria-pressed', String(isPressed));
      if (shortcut) button.setAttribute('aria-keyshortcuts', shortcut);
    };
    const isSilent = session.shows.muted;
    set(buttons.microphone, isSilent ? 'microphoneOff' : 'microphone', t(isSilent ? 'calls.unmute' : 'calls.mute'), isSilent, 'Control+D');
    set(buttons.camera, session.hasCamera ? 'video' : 'videoOff', t(session.hasCamera ? 'calls.cameraOff' : 'calls.cameraStart'), session.hasCamera, 'Control+E');
    set(buttons.screen, 'screen', t(session.isShared ? 'calls.screenOff' : 'calls.screenStart'), session.isShared);
    set(buttons.layout, this.layout === 'grid' ? 'speakerView' : 'grid', t(this.layout === 'grid' ? 'calls.speakerView' : 'calls.gridView'));
    set(buttons.more, 'more', t('ui.more'));
    set(buttons.hangUp, 'hangUp', t('calls.hangUp'));
    buttons.more.setAttribute('aria-haspopup', 'menu');
    if (!this.controls.childElementCount) fill(this.controls, Object.values(buttons).filter(Boolean));
  }

  /** What keeps one's own devices from being used, in words. */
  #drawNotice() {
    const { refused } = this.session;
    const told = Object.entries(refused).map(([kind, why]) => t(`calls.${kind}.${why}`)).join(' ');
    if (told === this.told) return;
    this.told = told;
    fill(this.notice, told && h('div', { class: 'banner warn', role: 'alert' }, icon('alert'), h('p', {}, told)));
  }

  #drawTiles(call) {
    const { session, store } = this;
    const seats = [];
    const put = (key, make) => {
      if (!this.#tiles.has(key)) this.#tiles.set(key, make());
      const tile = this.#tiles.get(key);
      seats.push(tile);
      return tile;
    };
    for (const person of call.people) {
      if (person.address === store.me.address || !['joined', 'ringing'].includes(person.state)) continue;
      const peer = session.peerOf(person.address);
      if (peer?.brings('screen')) put(`screen ${person.address}`, () => new Tile(this, { address: person.address, isScreen: true })).draw(person, peer);
      put(person.address, () => new Tile(this, { address: person.address })).draw(person, peer);
    }
    if (session.media.screen) put('own screen', () => new Tile(this, { address: store.me.address, isOwn: true, isScreen: true })).drawOwn(session.media.screen);
    this.own.drawOwn(session.media.camera);
    for (const [key, tile] of this.#tiles) if (!seats.includes(tile)) { tile.close(); this.#tiles.delete(key); }
    this.seats = seats;
    this.#place();
  }

  /** Who stands in the middle: a screen, else who speaks, else the first. */
  get main() {
    const { seats } = this;
    return seats.find((tile) => tile === this.pinned) ?? seats.find((tile) => tile.isScreen && !tile.isOwn) ?? seats.find((tile) => !tile.isScreen && tile.address === this.session.speaker) ?? seats[0];
  }

  #place() {
    const tiles = [...this.seats, this.own];
    // A screen that somebody shows is what one wants to read.
    const isRead = this.seats.some((tile) => tile.isScreen && !tile.isOwn);
    const main = this.layout === 'speaker' || this.isSmall || isRead ? this.main ?? this.own : null;
    for (const tile of tiles) tile.element.classList.toggle('main', tile === main);
    const wanted = main ? [main, ...tiles.filter((tile) => tile !== main)] : tiles;
    if (wanted.some((tile, at) => this.stage.children[at] !== tile.element) || this.stage.childElementCount !== wanted.length) fill(this.stage, wanted.map((tile) => tile.element));
    // Moved elements stop playing in some browsers.
    for (const tile of wanted) tile.play();
    this.stage.dataset.layout = main ? 'speaker' : 'grid';
    this.stage.dataset.people = String(Math.min(9, wanted.length));
  }

  #drawStatus(call) {
    const rings = call.people.filter((person) => person.state === 'ringing' && person.address !== this.store.me.address);
    const isWaiting = !call.connected_at && call.starter === this.store.me.address && rings.length > 0;
    const text = isWaiting ? t('calls.calling', { names: rings.map((person) => this.store.nameOf(person.address)).join(', ') })
      : this.seats.length === 0 ? t('calls.alone') : this.session.peers.some((peer) => !['connected', 'closed'].includes(peer.state) && !peer.why) ? t('calls.connecting') : '';
    if (this.status.textContent !== text) this.status.textContent = text;
    if (isWaiting && !this.stopRingback) this.stopRingback = play('ringback');
    if (!isWaiting) this.#hush();
  }

  #hush() { this.stopRingback?.(); this.stopRingback = undefined; }

  #measured() {
    for (const tile of this.seats) tile.measured(this.session.quality.get(tile.address), this.session.speaking === tile.address);
    if (this.layout === 'speaker' || this.isSmall) this.#place();
  }

  #tick() {
    const since = this.session.call?.connected_at;
    if (!since) { this.clock.textContent = ''; return; }
    this.began ??= Date.now() - Math.max(0, Math.min(Date.now() - since, 86_400_000));
    const seconds = Math.floor((Date.now() - this.began) / 1_000);
    const two = (value) => String(value).padStart(2, '0');
    this.clock.textContent = seconds < 3_600 ? `${Math.floor(seconds / 60)}:${two(seconds % 60)}` : `${Math.floor(seconds / 3_600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  }

  #setLayout(layout) {
    this.layout = layout;
    localStorage.setItem(LAYOUT, layout);
    this.draw();
  }

  /** Keeps somebody in the middle, or lets go. */
  pin(tile) {
    this.pinned = this.pinned === tile ? undefined : tile;
    this.#setLayout(this.pinned ? 'speaker' : this.layout);
  }

  /** Devices, the small window, quality, layout. */
  async #more() {
    const { session } = this;
    const found = await list().catch(() => ({ microphone: [], camera: [], speaker: [] }));
    const known = chosen();
    const main = this.main;
    const choice = (kind, drawing) => found[kind].map((device, at) => ({ label: device.label || `${t(`calls.${kind}`)} ${at + 1}`, icon: drawing, checked: device.id === (known[kind] ?? found[kind][0].id), onPick: () => session.setDevice(kind, device.id).catch(complain) }));
    openMenu(this.buttons.more, [
      { label: t(this.layout === 'grid' ? 'calls.speakerView' : 'calls.gridView'), icon: this.layout === 'grid' ? 'speakerView' : 'grid', onPick: () => this.#setLayout(this.layout === 'grid' ? 'speaker' : 'grid') },
      document.pictureInPictureEnabled && main?.hasPicture && { label: t('calls.pip'), icon: 'pip', onPick: () => this.floatOut() },
      { label: t('calls.quality'), icon: 'chart', checked: undefined, onPick: () => this.#showQuality() },
      null, ...choice('microphone', 'microphone'),
      ...(found.camera.length ? [null, ...choice('camera', 'video')] : []),
      ...(canChooseSpeaker() && found.speaker.length ? [null, ...choice('speaker', 'speaker')] : []),
    ]);
  }

  /** The one in the middle in a window of the system's, above other programs. */
  async floatOut() {
    try {
      if (document.pictureInPictureElement) await document.exitPictureInPicture();
      else await this.main.video.requestPictureInPicture();
    } catch (error) { complain(error); }
  }

  async #showQuality() {
    const { showQuality } = await import('./details.js');
    showQuality(this.session);
  }

  #key(event) {
    if (document.querySelector('dialog[open]')) return;
    const isControl = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
    const key = event.key.toLowerCase();
    if (isControl && key === 'd') { event.preventDefault(); this.buttons.microphone.click(); }
    else if (isControl && key === 'e') { event.preventDefault(); this.buttons.camera.click(); }
    else if (event.key === 'Escape' && !this.isSmall && this.element.contains(document.activeElement)) { event.preventDefault(); this.shrink(); }
  }

  say(text) { this.spoken.append(h('span', {}, `${text} `)); while (this.spoken.childElementCount > 8) this.spoken.firstElementChild.remove(); }

  grow() { this.#resize(false); this.element.focus({ preventScroll: true }); }
  shrink() { this.#resize(true); this.head.querySelector('[data-what="size"]')?.focus(); }

  #resize(isSmall) {
    this.isSmall = isSmall;
    this.element.classList.toggle('small', isSmall);
    // What lies under the call is not reached by Tab.
    const under = this.desk.app.root.querySelector('.app');
    if (under) under.inert = !isSmall;
    this.draw();
  }

  close() {
    clearInterval(this.ticking);
    removeEventListener('keydown', this.onKey);
    this.#hush();
    const under = this.desk.app.root.querySelector('.app');
    if (under) under.inert = false;
    if (document.pictureInPictureElement && this.element.contains(document.pictureInPictureElement)) document.exitPictureInPicture().catch(() => {});
    for (const tile of [...this.#tiles.values(), this.own]) tile.close();
    const hadFocus = this.element.contains(document.activeElement);
    this.element.remove();
    if (hadFocus) (document.querySelector('.composer-input') ?? document.getElementById('main'))?.focus({ preventScroll: true });
  }

  /** The browser wants a gesture before it lets anything be heard. */
  askForSound() {
    if (this.asked) return;
    this.asked = true;
    toast(t('calls.soundBlocked'), { kind: 'warn', action: { label: t('calls.soundOn'), onPick: () => { this.asked = false; this.seats.forEach((tile) => tile.play()); } }, forMs: 60_000 });
  }
}
