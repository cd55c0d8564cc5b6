// Before a call: which devices, whether they work, and how one comes in.

import { fill, h, icon } from '../../shared/dom.js';
import { t } from '../../shared/i18n.js';
import { avatar, button, openDialog, toggle, uid } from '../../shared/ui.js';
import * as devices from './devices.js';
import { play } from './sound.js';

const RUNG_MAX = 7;

/**
 * Shows and tries one's devices. `wish`: {room, medium, isAnswer}. Resolves to {tracks, shows, invited}, or nothing when the
 * person thinks better of it. The tracks that are tried here are those that the call begins with.
 */
export async function openLobby(store, { room: id, medium, isAnswer }) {
  const lobby = new Lobby(store, { room: store.rooms.get(id), medium, isAnswer });
  const answer = await openDialog(t(isAnswer ? 'calls.lobbyJoin' : medium === 'video' ? 'calls.lobbyVideo' : 'calls.lobbyVoice', { name: store.roomName(lobby.room) }), (dialog) => lobby.build(dialog));
  return lobby.close(answer === 'go');
}

class Lobby {
  tracks = { voice: null, camera: null };
  refused = {};

  constructor(store, { room, medium, isAnswer }) {
    Object.assign(this, { store, room, isAnswer });
    this.shows = { muted: false, camera: medium === 'video' };
    // A group that is larger than a call: who is to be rung is chosen.
    this.mustChoose = !isAnswer && room.kind !== 'direct' && room.members_count > RUNG_MAX + 1;
    this.invited = new Set();
  }

  build(dialog) {
    dialog.classList.add('call-lobby');
    this.video = h('video', { autoplay: true, muted: true, playsInline: true, class: 'call-mirror', aria: { label: t('calls.preview') } });
    this.preview = h('div', { class: 'call-preview' }, this.video, this.off = h('div', { class: 'call-off' }, avatar(this.store.nameOf(this.store.me.address), this.store.me.address, { size: 'large' })));
    this.level = h('div', { class: 'call-level', role: 'meter', aria: { label: t('calls.level'), valuemin: 0, valuemax: 100, valuenow: 0 } }, h('i'));
    this.complaint = h('div', { role: 'status', aria: { live: 'polite' } });
    this.choices = h('div', { class: 'stack' });
    this.go = button(t(this.isAnswer ? 'calls.join' : 'calls.begin'), { kind: 'primary', icon: 'phone', autofocus: true, onClick: () => dialog.close('go') });
    const microphone = toggle(t('calls.microphoneOn'), true, (on) => { this.shows.muted = !on; this.#draw(); });
    const camera = toggle(t('calls.cameraOn'), this.shows.camera, async (on) => { this.shows.camera = on; await this.#open('camera'); this.#draw(); });
    this.onDevices = () => this.#list();
    navigator.mediaDevices.addEventListener('devicechange', this.onDevices);
    this.opening = this.#begin();
    return { body: [this.preview, this.level, this.complaint, microphone, camera, this.choices, this.mustChoose && this.#people()].filter(Boolean), footer: [button(t('ui.cancel'), { onClick: () => dialog.close('') }), this.go] };
  }

  async #begin() {
    this.#draw();
    await Promise.all([this.#open('microphone'), this.shows.camera && this.#open('camera')]);
    await this.#list();
    this.#draw();
  }

  async #open(kind, id) {
    const name = kind === 'camera' ? 'camera' : 'voice';
    this.tracks[name]?.stop();
    this.tracks[name] = null;
    if (kind === 'camera' && !this.shows.camera) return;
    try {
      const track = await devices.open(kind, id);
      if (this.isClosed) { track.stop(); return; }
      this.tracks[name] = track;
      delete this.refused[kind];
      if (kind === 'microphone') this.#measure(track);
    } catch (error) {
      this.refused[kind] = devices.whyNot(error);
    }
    this.#draw();
  }

  #measure(track) {
    this.stopMeter?.();
    this.stopMeter = devices.meter(track, (level) => {
      const percent = Math.round((this.shows.muted ? 0 : level) * 100);
      this.level.firstElementChild.style.width = `${percent}%`;
      this.level.setAttribute('aria-valuenow', String(percent));
    });
  }

  #draw() {
    const { camera } = this.tracks;
    this.video.srcObject = camera ? new MediaStream([camera]) : null;
    this.video.hidden = !camera;
    this.off.hidden = Boolean(camera);
    const told = Object.entries(this.refused).filter(([kind]) => kind !== 'camera' || this.shows.camera);
    fill(this.complaint, told.map(([kind, why]) => h('div', { class: 'banner warn' }, icon('alert'), h('p', {}, t(`calls.${kind}.${why}`)))));
    this.go.disabled = this.mustChoose && this.invited.size === 0;
  }

  async #list() {
    const found = await devices.list().catch(() => ({ microphone: [], camera: [], speaker: [] }));
    const known = devices.chosen();
    const pick = (kind, onPick) => {
      if (!found[kind].length) return null;
      const id = uid('device');
      const select = h('select', { class: 'input', id, on: { change: () => { devices.choose(kind, select.value); onPick(select.value); } } },
        found[kind].map((device, at) => h('option', { value: device.id, selected: device.id === known[kind] }, device.label || t(`calls.${kind}`) + ` ${at + 1}`)));
      return h('div', { class: 'field' }, h('label', { htmlFor: id }, t(`calls.${kind}`)), select);
    };
    const test = button(t('calls.testSound'), { icon: 'speaker', kind: 'small', onClick: () => { this.hush?.(); this.hush = play('test', { speaker: devices.chosen().speaker }); } });
    fill(this.choices, pick('microphone', (id) => this.#open('microphone', id)), this.shows.camera && pick('camera', (id) => this.#open('camera', id)), devices.canChooseSpeaker() && pick('speaker', () => test.click()), test);
  }

  /** Whom to ring, where the group has more members than a call takes. */
  #people() {
    const list = h('div', { class: 'people-list' });
    const fillIn = (members) => fill(list, members.filter((member) => member.address !== this.store.me.address).map((member) => {
      const box = h('input', { type: 'checkbox', on: { change: () => {
        if (box.checked && this.invited.size >= RUNG_MAX) box.checked = false;
        if (box.checked) this.invited.add(member.address); else this.invited.delete(member.address);
        this.#draw();
      } } });
      return h('label', { class: 'check' }, box, avatar(this.store.nameOf(member.address), member.address, { size: 'small', external: !this.store.isOurs(member.address) }), h('bdi', {}, this.store.nameOf(member.address)));
    }));
    const known = this.store.members(this.room.id);
    if (known) fillIn(known); else this.store.readMembers(this.room.id).then(fillIn, () => {});
    return h('fieldset', { class: 'field' }, h('legend', { class: 'label' }, t('calls.whom', { n: RUNG_MAX })), list);
  }

  async close(goes) {
    this.isClosed = !goes;
    navigator.mediaDevices.removeEventListener('devicechange', this.onDevices);
    this.hush?.();
    this.stopMeter?.();
    if (goes) {
      await this.opening;
      return { tracks: this.tracks, shows: this.shows, invited: this.mustChoose ? [...this.invited] : undefined };
    }
    for (const track of Object.values(this.tracks)) track?.stop();
    return undefined;
  }
}
