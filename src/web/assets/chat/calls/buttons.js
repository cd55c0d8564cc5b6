// Calls in a room's head: a button where a call is possible, a clear reason where not.

import { t } from '../../shared/i18n.js';
import { has } from '../../shared/i18n.js';
import { iconButton, toast } from '../../shared/ui.js';
import { plain } from '../words.js';
import { canCall } from './devices.js';

const ASK_AGAIN_MS = 300;

/** Whether one can call in a room, kept true while the room is shown: tells `onChange`. */
export class CallButtons {
  #offs = [];
  known = { possible: false };

  constructor(store, app, room, onChange) {
    Object.assign(this, { store, app, room, onChange });
    const soon = () => { clearTimeout(this.timer); this.timer = setTimeout(() => this.#ask(), ASK_AGAIN_MS); };
    this.#offs = [...[`room:${room}`, 'me', 'contacts', 'features'].map((topic) => store.on(topic, soon)), store.on(`calls:${room}`, onChange), store.on('calls', (call) => { if (call?.room !== room) onChange(); })];
    this.#ask();
  }

  async #ask() {
    if (!this.store.features.calls) return;
    const known = await this.store.calls.possible(this.room).catch(() => ({ possible: false, code: 'UNREACHABLE' }));
    const isOther = known.possible !== this.known.possible || known.code !== this.known.code;
    this.known = known;
    if (isOther) this.onChange();
  }

  /** Why not, in the person's language; nothing when one can. */
  get whyNot() {
    if (!canCall()) return t(isSecureContext ? 'calls.why.browser' : 'calls.why.insecure');
    if (this.store.calls.all.some((call) => call.room !== this.room && this.store.calls.mine(call)?.state === 'joined')) return t('calls.inAnother');
    if (this.known.possible) return '';
    const { code, detail } = this.known;
    if (!code) return t('ui.loading');
    const room = this.store.rooms.get(this.room);
    const key = `calls.why.${code}`;
    return has(key) ? t(key, { org: plain(room?.partner_name) || room?.partner || '' }) : detail ?? t('ui.error');
  }

  /** The buttons; none while the daemon has no calls. */
  draw() {
    if (!this.store.features.calls) return [];
    const { whyNot } = this;
    const make = (medium, drawing) => {
      const label = t(`calls.start.${medium}`);
      const act = () => (whyNot ? toast(whyNot, { title: t('calls.notNow'), kind: 'warn' }) : this.app.desk.begin(this.room, medium));
      const button = iconButton(drawing, whyNot ? `${label}: ${whyNot}` : label, act, { data: { what: `call-${medium}` } });
      if (whyNot) button.setAttribute('aria-disabled', 'true');
      return button;
    };
    return [make('voice', 'phone'), make('video', 'video')];
  }

  stop() {
    clearTimeout(this.timer);
    this.#offs.forEach((off) => off());
  }
}
