// One person in a call, or a screen that is shared: picture, sound, name, what is the matter.

import { fill, h, icon } from '../../shared/dom.js';
import { t } from '../../shared/i18n.js';
import { avatar, button } from '../../shared/ui.js';
import { chosen } from './devices.js';

const BARS = { good: 3, fair: 2, poor: 1, none: 0 };

export class Tile {
  /** `who`: {address, isOwn, isScreen}. */
  constructor(view, who) {
    Object.assign(this, { view, ...who });
    const { store } = view;
    this.video = h('video', { autoplay: true, playsInline: true, muted: true, class: this.isOwn && !this.isScreen ? 'call-mirror' : '' });
    this.face = h('div', { class: 'call-face', aria: { hidden: true } }, avatar(store.nameOf(this.address), this.address, { size: 'large', external: !store.isOurs(this.address) }));
    this.name = h('bdi', { class: 'clip' });
    this.marks = h('span', { class: 'call-marks' });
    this.bars = h('span', { class: 'call-bars', role: 'img', hidden: true }, h('i'), h('i'), h('i'));
    this.over = h('div', { class: 'call-over', hidden: true });
    // Sound has an element of its own, so that a picture that is hidden or floats does not silence anybody.
    this.sound = !this.isOwn && !this.isScreen ? h('audio', { autoplay: true }) : null;
    this.element = h('figure', { class: ['call-tile', this.isOwn && 'own', this.isScreen && 'screen'], data: { who: this.address } }, this.video, this.face, this.over,
      h('figcaption', { class: 'call-name' }, this.marks, this.name, this.bars), this.sound);
    this.element.addEventListener('dblclick', () => view.pin(this));
    this.video.addEventListener('resize', () => this.element.classList.toggle('tall', this.video.videoHeight > this.video.videoWidth));
    if (!this.isOwn && !this.isScreen) this.#markFirstFrame();
  }

  get hasPicture() { return !this.video.hidden; }

  /** For those who measure how long it took. */
  #markFirstFrame() { this.video.requestVideoFrameCallback?.(() => performance.mark('handclasp.call.frame')); }

  draw(person, peer) {
    const { store } = this.view;
    const name = store.nameOf(this.address);
    this.peer = peer;
    this.#label(this.isScreen ? t('calls.screenOf', { name }) : name);
    if (this.isScreen) { this.#show(peer.streams.screen); return; }
    const { muted } = person.shows ?? {};
    if (this.isMuted !== muted) {
      this.isMuted = muted;
      fill(this.marks, muted && h('span', { class: 'call-muted', role: 'img', aria: { label: t('calls.isMuted') }, title: t('calls.isMuted') }, icon('microphoneOff')));
    }
    this.#show(peer?.brings('camera') ? peer.streams.camera : null);
    if (peer && this.sound.srcObject !== peer.streams.voice) this.sound.srcObject = peer.streams.voice;
    this.#speaker();
    this.#drawOver(person, peer, name);
  }

  drawOwn(track) {
    const { store, session } = this.view;
    this.#label(this.isScreen ? t('calls.ownScreen') : t('calls.you'));
    if (!this.isScreen) {
      const muted = session.shows.muted;
      if (this.isMuted !== muted) fill(this.marks, muted && h('span', { class: 'call-muted', role: 'img', aria: { label: t('calls.isMuted') } }, icon('microphoneOff')));
      this.isMuted = muted;
    }
    if (this.track !== track) { this.track = track; this.stream = track ? new MediaStream([track]) : null; }
    this.#show(this.stream);
    this.video.setAttribute('aria-label', this.isScreen ? t('calls.ownScreen') : store.nameOf(this.address));
  }

  #label(text) { if (this.name.textContent !== text) { this.name.textContent = text; this.video.setAttribute('aria-label', text); } }

  #show(stream) {
    if (this.video.srcObject !== stream) this.video.srcObject = stream;
    this.video.hidden = !stream;
    this.face.hidden = Boolean(stream);
  }

  #speaker() {
    const { speaker } = chosen();
    if (speaker && this.sound.sinkId !== speaker) this.sound.setSinkId?.(speaker).catch(() => {});
  }

  /** Why one sees and hears nothing of somebody. */
  #drawOver(person, peer, name) {
    const state = person.state === 'ringing' ? 'ringing' : !peer ? 'connecting' : peer.why ? `failed.${peer.why}` : peer.state === 'connected' ? '' : peer.wasConnected ? 'reconnecting' : 'connecting';
    if (state === this.shownState) return;
    this.shownState = state;
    this.over.hidden = !state;
    this.element.dataset.state = state || 'connected';
    const isFailed = state.startsWith('failed');
    fill(this.over, state && h('div', { class: 'stack', role: isFailed ? 'alert' : null },
      isFailed ? h('strong', {}, t('calls.failedWith', { name })) : h('span', { class: 'row' }, h('span', { class: 'spinner' }), t(`calls.state.${state}`)),
      isFailed && h('p', {}, t(`calls.${state}`)),
      isFailed && button(t('ui.retry'), { icon: 'refresh', kind: 'small', onClick: () => peer.retry() })));
  }

  /** How good what comes is, and whether the person speaks. */
  measured(found, isSpeaking) {
    if (this.isScreen || !found) return;
    this.element.classList.toggle('speaking', isSpeaking);
    const level = found.level;
    if (level === this.level) return;
    this.level = level;
    this.bars.hidden = false;
    this.bars.dataset.bars = String(BARS[level]);
    const label = t(`calls.level.${level}`);
    this.bars.setAttribute('aria-label', label);
    this.bars.title = label;
  }

  play() {
    for (const media of [this.video, this.sound]) {
      if (media?.srcObject && media.paused) media.play().catch((error) => { if (error.name === 'NotAllowedError') this.view.askForSound(); });
    }
  }

  close() {
    this.video.srcObject = null;
    if (this.sound) this.sound.srcObject = null;
    this.element.remove();
  }
}
