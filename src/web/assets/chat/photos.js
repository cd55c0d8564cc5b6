// Photos of people and rooms: each is read once, and choosing one.

import { fill, h, icon } from '../shared/dom.js';
import { t } from '../shared/i18n.js';
import { avatar, button, complain } from '../shared/ui.js';
import { upload } from './uploads.js';

const TYPES = 'image/jpeg,image/png,image/gif,image/webp';

/** The photos that were read, by their digests. */
export class Photos {
  #urls = new Map();

  constructor(store) { this.store = store; }

  /** Where a photo is in this page; nothing while it is on its way, of which the store tells then. */
  url(digest, path) {
    if (!digest) return undefined;
    if (!this.#urls.has(digest)) {
      this.#urls.set(digest, undefined);
      this.#read(digest, path);
    }
    return this.#urls.get(digest);
  }

  async #read(digest, path) {
    const answer = await fetch(`/api/v1${path}`, { credentials: 'same-origin' }).catch(() => undefined);
    if (!answer?.ok) { if (!answer) this.#urls.delete(digest); return; }
    this.#urls.set(digest, URL.createObjectURL(await answer.blob()));
    this.store.tell('names');
  }

  stop() { for (const url of this.#urls.values()) if (url) URL.revokeObjectURL(url); }
}

/** The face of a room: the other person's, the room's photo, or a drawing. */
export function roomAvatar(store, room, { size = '' } = {}) {
  if (room.kind === 'direct') return avatar(store.roomName(room), room.with, { size, external: room.external, presence: store.signals.presenceOf(room.with) });
  const url = store.photos.url(room.photo, `/rooms/${room.id}/photo`);
  return h('span', { class: ['avatar group', size], aria: { hidden: true } }, url ? h('img', { src: url, alt: '' }) : icon('group'));
}

/** Choosing a photo. `face()`: how it looks now; `path`: of the API; `has`: whether there is one; `done`: after a change. */
export function photoEditor(store, { face, path, has, done }) {
  const place = h('div', { class: 'row photo-editor' });
  const picker = h('input', { type: 'file', accept: TYPES, hidden: true, tabIndex: -1, aria: { label: t('photo.choose') } });
  const draw = (hasOne) => fill(place, face(), button(t('photo.choose'), { kind: 'small', icon: 'image', onClick: () => picker.click() }), hasOne && button(t('photo.remove'), { kind: 'small', icon: 'trash', onClick: remove }), picker);
  const change = async (act, hasOne) => {
    try {
      await act();
      await done();
      draw(hasOne);
    } catch (error) { complain(error); }
  };
  const remove = () => change(() => store.api.delete(path), false);
  picker.addEventListener('change', () => {
    const [file] = picker.files;
    picker.value = '';
    if (file) change(async () => store.api.put(path, { file: { upload: await upload(file, () => {}) } }), true);
  });
  let wasShown = false;
  const off = store.on('names', () => {
    wasShown ||= place.isConnected;
    if (place.isConnected) draw(has()); else if (wasShown) off();
  });
  draw(has());
  return place;
}
