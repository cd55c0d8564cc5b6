// Where calls meet the app: rings, answers, begins, comes back after a reload, and says how it ended. What shows and
// carries media is fetched when it is needed first.

import { h, icon } from '../../shared/dom.js';
import { t } from '../../shared/i18n.js';
import { complain, toast } from '../../shared/ui.js';
import { notify, permitted } from '../worker-client.js';
import { canCall } from './devices.js';
import { ringCard } from './ring.js';
import { play } from './sound.js';

const WISH = 'handclasp.call';

export class Desk {
  #rings = new Map();
  /** Calls that one has left here, until the daemon says so too. */
  #left = new Set();
  #offs = [];

  /** `host`: the element that rings and calls are shown in. */
  constructor(store, app, host) {
    Object.assign(this, { store, app, host });
    this.rings = h('div', { class: 'call-rings' });
    host.append(this.rings);
    this.#offs = [store.on('calls', (call) => this.#told(call)), store.on('call-over', (call) => this.#over(call)),
      store.on('connection', () => { if (store.connection === 'open') store.calls.renew().catch(() => {}); })];
    // What the stream told before there was a page.
    store.calls.all.forEach((call) => this.#told(call));
  }

  stop() {
    this.#offs.forEach((off) => off());
    for (const id of [...this.#rings.keys()]) this.#hush(id);
    this.session?.stop();
    this.rings.remove();
  }

  #told(call) {
    if (call.outcome) return;
    const { calls } = this.store;
    const mine = calls.mine(call);
    if (mine?.state === 'ringing' && this.session?.id !== call.id) this.#ring(call);
    else if (this.#rings.has(call.id)) {
      this.#hush(call.id);
      if (mine?.state === 'joined' && !calls.isHere(call) && !this.isBusy) toast(t('calls.elsewhere'));
    }
    if (!calls.isHere(call)) this.#left.delete(call.id);
    else if (!this.session && !this.isBusy && !this.#left.has(call.id)) this.#comeBack(call);
  }

  #ring(call) {
    const known = this.#rings.get(call.id);
    if (known) { known.draw(call); return; }
    const { store, app } = this;
    const card = ringCard(store, call, {
      answer: (shows) => this.answer(call, shows),
      look: (shows) => this.#lookFirst(call, shows),
      decline: () => { this.#hush(call.id); store.calls.decline(call.id).catch(() => {}); },
      open: () => app.go(`/rooms/${call.room}`),
    });
    card.hush = play('ring');
    this.#rings.set(call.id, card);
    this.rings.append(card.element);
    // What is needed to answer is there before somebody does.
    import('./session.js').catch(() => {});
    import('./view.js').catch(() => {});
    this.#notify(call, t('calls.rings', { name: store.nameOf(call.starter) }));
  }

  /** A word outside of the page, in place of the one before about the same call. */
  #notify(call, title) {
    const { app } = this;
    const path = `/rooms/${call.room}`;
    if (permitted() && !document.hasFocus()) notify({ title, body: t(`calls.${call.medium}`), tag: `call-${call.id}`, path, icon: app.logo, onPick: () => { window.focus(); app.go(path); } });
  }

  #hush(id) {
    const card = this.#rings.get(id);
    card?.hush();
    card?.element.remove();
    this.#rings.delete(id);
  }

  #over(call) {
    const rang = this.#rings.has(call.id);
    this.#hush(call.id);
    const name = this.store.nameOf(call.starter);
    if (!rang || !['missed', 'cancelled'].includes(call.outcome)) return;
    this.#notify(call, t('calls.missedFrom', { name }));
    toast(t('calls.missedFrom', { name }), { action: { label: t('ui.open'), onPick: () => this.app.go(`/rooms/${call.room}`) }, forMs: 20_000 });
  }

  /** Answers at once, with the devices that were chosen before. */
  answer(call, shows, tracks) {
    performance.clearMarks('handclasp.call.frame');
    performance.mark('handclasp.call.accept');
    return this.#enter(() => this.store.calls.join(call.id, shows), shows, tracks);
  }

  async #lookFirst(call, shows) {
    const chosen = await this.#lobby({ room: call.room, medium: shows.camera ? 'video' : 'voice', isAnswer: true });
    if (!chosen) return;
    if (this.store.calls.of(call.id)) this.answer(call, chosen.shows, chosen.tracks);
    else { stop(chosen.tracks); toast(t('calls.tooLate')); }
  }

  /** Begins a call in a room, or comes into the one that is going on, after a look at one's devices. */
  async begin(room, medium) {
    if (this.session) { this.view?.grow(); return; }
    const running = this.store.calls.inRoom(room);
    const chosen = await this.#lobby({ room, medium: running?.medium ?? medium, isAnswer: Boolean(running) });
    if (!chosen) return;
    const { shows, tracks, invited } = chosen;
    const present = this.store.calls.inRoom(room);
    if (present) { this.answer(present, shows, tracks); return; }
    this.#enter(() => this.store.calls.start(room, medium, { shows, invited }), shows, tracks);
  }

  async #lobby(wish) {
    const { openLobby } = await import('./lobby.js');
    return openLobby(this.store, wish);
  }

  async #enter(act, shows, tracks, isBack = false) {
    if (this.isBusy || this.session) { stop(tracks); return; }
    this.isBusy = true;
    try {
      const [answer, { Session }, { CallView }] = await Promise.all([act(), import('./session.js'), import('./view.js')]);
      const call = this.store.calls.now(answer);
      if (call.outcome) { stop(tracks); this.#tellEnd(call, call.outcome); return; }
      this.#hush(call.id);
      this.#sit(new Session(this.store, call, { shows, tracks, isBack }), CallView);
    } catch (error) {
      stop(tracks);
      if (error.code === 'CONFLICT' && error.body?.limit === 'calls_per_user') toast(t('calls.inAnother'), { kind: 'bad' });
      else complain(error);
    } finally {
      this.isBusy = false;
    }
  }

  #sit(session, CallView) {
    this.session = session;
    this.#left.delete(session.id);
    sessionStorage.setItem(WISH, JSON.stringify({ call: session.id, shows: session.shows }));
    session.addEventListener('change', () => sessionStorage.setItem(WISH, JSON.stringify({ call: session.id, shows: session.shows })));
    session.addEventListener('over', ({ detail }) => {
      this.session = undefined;
      this.#left.add(session.id);
      this.view.close();
      this.view = undefined;
      if (detail.why === 'stopped') return;
      sessionStorage.removeItem(WISH);
      play('went');
      this.#tellEnd(detail.call, detail.why);
      this.store.tell('calls', detail.call ?? {});
    });
    this.view = new CallView(session, this);
    this.host.append(this.view.element);
    this.view.grow();
    this.store.tell('calls', session.call);
  }

  /** How it ended, unless the person ended it and knows. */
  #tellEnd(call, why) {
    if (!call || ['hung_up', 'cancelled'].includes(why)) return;
    const others = call.people.filter((person) => person.address !== this.store.me.address).map((person) => this.store.nameOf(person.address));
    const cut = this.store.calls.mine(call)?.state === 'cut' || call.people.some((person) => person.state === 'cut');
    const key = cut ? 'cut' : why;
    if (key === 'answered') { toast(t('calls.over.answered', { names: others.join(', ') }), { forMs: 4_000 }); return; }
    toast(t(`calls.over.${key}`, { names: others.join(', ') }), { kind: cut || why === 'lost' ? 'warn' : '', title: t('calls.over') });
  }

  /** The page was loaded anew during a call. */
  #comeBack(call) {
    const wish = JSON.parse(sessionStorage.getItem(WISH) ?? 'null');
    const shows = wish?.call === call.id ? { muted: wish.shows.muted, camera: wish.shows.camera } : {};
    this.#enter(() => this.store.calls.join(call.id, shows), shows, {}, true);
  }
}

function stop(tracks) { for (const track of Object.values(tracks ?? {})) track?.stop(); }

/** A word about a call that is going on in a room, and the way in. */
export function callBar(store, app, room) {
  const call = store.calls.inRoom(room.id);
  if (!call || app.desk?.session?.id === call.id) return null;
  const names = call.people.filter((person) => person.state === 'joined').map((person) => (person.address === store.me.address ? t('message.you') : store.nameOf(person.address)));
  const isElsewhere = store.calls.mine(call)?.state === 'joined' && !store.calls.isHere(call);
  const join = h('button', { class: 'button small primary', type: 'button', on: { click: () => app.desk.begin(room.id, call.medium) } }, icon('phone'), t('calls.join'));
  return h('div', { class: 'call-bar' }, icon('phone'), h('span', { class: 'grow clip' }, isElsewhere ? t('calls.barElsewhere') : t('calls.bar', { names: names.join(', ') })), !isElsewhere && canCall() && join);
}
