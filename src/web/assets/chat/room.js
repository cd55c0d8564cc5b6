// A room: its head, the banner that says what is the matter, the messages, the composer, the panel.

import { fill, h, icon } from '../shared/dom.js';
import { ago, dateTime, t } from '../shared/i18n.js';
import { ask, button, complain, copy, empty, externalBadge, iconButton, openMenu } from '../shared/ui.js';
import { CallButtons } from './calls/buttons.js';
import { callBar } from './calls/desk.js';
import { pickEmoji } from './composer.js';
import { showHistory } from './history.js';
import { copyText } from './message.js';
import { showWhyNot, unblock } from './people.js';
import { roomAvatar } from './photos.js';
import { report } from './report.js';
import { plain } from './words.js';

/** The room's page. */
export function roomPage(store, app, id) {
  const room = store.rooms.get(id);
  if (!room) return h('div', { class: 'main-page' }, h('header', { class: 'main-head' }, app.backButton()), empty('lock', t('room.gone'), t('room.goneText')));
  return Object.assign(document.createElement('hc-room'), { store, app, room });
}

class RoomView extends HTMLElement {
  #offs = [];

  connectedCallback() {
    const { store, room } = this;
    this.className = 'room';
    this.head = h('header', { class: 'main-head' });
    this.callBar = h('div', { role: 'status' });
    this.callButtons = new CallButtons(store, this.app, room.id, () => this.#drawCalls());
    this.banner = h('div', { class: 'room-banner', role: 'status', aria: { live: 'polite' } });
    this.messages = Object.assign(document.createElement('hc-messages'), { store, room, deeds: this.#deeds() });
    this.typing = h('p', { class: 'typing' });
    this.foot = h('div', { class: 'room-foot' });
    this.panel = null;
    this.main = h('div', { class: 'room-main' }, this.head, this.callBar, this.banner, this.messages, this.typing, this.foot);
    fill(this, this.main);
    this.messages.addEventListener('compose', () => this.composer?.focusInput());
    this.messages.addEventListener('end', () => this.#read());
    this.messages.addEventListener('shown', () => this.#shown());
    const change = () => { this.room = store.rooms.get(room.id); if (this.room) this.draw(); else this.app.draw(); };
    this.#offs = [store.on(`room:${room.id}`, change), store.on('me', change), store.on('contacts', change), store.on('names', () => this.#drawHead()), store.on('notices', () => this.#drawBanner()),
      store.on(`timeline:${room.id}`, () => this.#read()), store.on(`typing:${room.id}`, () => this.#drawTyping()), store.on('presence', () => this.#drawHead()), store.on('features', () => this.#readReaders())];
    this.#readReaders();
    this.onFocus = () => this.#read();
    addEventListener('focus', this.onFocus);
    this.addEventListener('dragover', (event) => { if (store.features.files && this.room.writable) { event.preventDefault(); this.classList.add('dropping'); } });
    this.addEventListener('dragleave', () => this.classList.remove('dropping'));
    this.addEventListener('drop', (event) => { event.preventDefault(); this.classList.remove('dropping'); if (event.dataTransfer.files.length) this.composer?.addFiles(event.dataTransfer.files); });
    this.dataset.drop = t('compose.drop');
    if (room.kind !== 'direct' || !store.members(room.id)) store.readMembers(room.id).catch(() => {});
    this.draw();
    if (localStorage.getItem('handclasp.panel') === 'open' && innerWidth > 1100) this.openPanel(localStorage.getItem('handclasp.tab') ?? 'details', undefined, { isQuiet: true });
    this.show(location.hash);
    if (matchMedia('(hover: hover)').matches && !location.hash) this.composer?.focusInput();
  }

  /** Shows what the end of the address names: `#12` a message, `#note-12` and `#date-12` an item, `#notes` a tab. */
  show(hash) {
    const found = /^#(?:(note|date|comment)-)?(\d+)$/.exec(hash);
    if (!found) return;
    const [, kind, index] = found;
    const at = Number(index);
    if (!kind) { if (this.isShown) this.messages.goTo(at); else this.wanted = at; }
    else if (kind === 'comment') this.#showComment(at);
    else this.openPanel(kind === 'note' ? 'notes' : 'calendar', at);
  }

  /** A comment stands under its note. */
  async #showComment(index) {
    const comment = await this.store.api.get(`/rooms/${this.room.id}/messages/${index}`).catch(complain);
    if (comment) this.openPanel('notes', comment.target ?? undefined);
  }

  #shown() {
    this.isShown = true;
    if (this.wanted !== undefined) this.messages.goTo(this.wanted);
    this.wanted = undefined;
    this.#read();
  }

  disconnectedCallback() {
    this.callButtons.stop();
    this.#offs.forEach((off) => off());
    removeEventListener('focus', this.onFocus);
  }

  draw() {
    this.#drawCalls();
    this.#drawBanner();
    this.#drawFoot();
  }

  #drawHead() {
    const { store, room } = this;
    if (!room) return;
    const name = store.roomName(room);
    const line = room.kind === 'direct' ? [room.with, presenceText(store, room.with)].filter(Boolean).join(' · ') : [t('room.members', { n: room.members_count }), plain(room.description)].filter(Boolean).join(' · ');
    const hadFocus = this.head.contains(document.activeElement) && document.activeElement.dataset.what;
    const tool = (drawing, label, tab, extra = '') => iconButton(drawing, label, () => this.openPanel(tab), { class: extra, data: { what: tab } });
    this.details = iconButton('panel', t('room.details'), () => this.togglePanel(), { data: { what: 'panel' }, aria: { label: t('room.details'), expanded: Boolean(this.panel) } });
    fill(this.head, this.app.backButton(),
      roomAvatar(store, room),
      h('div', { class: 'grow' }, h('div', { class: 'row' }, h('h1', { class: 'clip' }, h('bdi', {}, name)), room.external && externalBadge(plain(room.partner_name))), h('p', { class: 'faint clip' }, line)),
      ...this.callButtons.draw(),
      h('a', { class: 'icon-button wide-only', href: `/search?room=${room.id}`, title: t('room.search'), aria: { label: t('room.search') } }, icon('search')),
      tool('note', t('panel.tab.notes'), 'notes', 'wide-only'), tool('calendar', t('panel.tab.calendar'), 'calendar', 'wide-only'), this.details);
    if (hadFocus) this.head.querySelector(`[data-what="${hadFocus}"]`)?.focus();
  }

  #drawCalls() {
    this.#drawHead();
    fill(this.callBar, this.room && callBar(this.store, this.app, this.room));
  }

  #drawBanner() {
    const { store, room } = this;
    if (!room) return;
    const told = bannerOf(store, room);
    const print = JSON.stringify(told ?? null);
    if (print === this.bannerPrint) return;
    this.bannerPrint = print;
    if (!told) { fill(this.banner); return; }
    const actions = told.unblock ? button(t('contact.unblock'), { kind: 'small', onClick: () => unblock(store, room.with) })
      : told.why && button(t('banner.why'), { kind: 'small', onClick: () => showWhyNot(store, told.why) });
    fill(this.banner, h('div', { class: ['banner', told.kind] }, icon(told.icon), h('div', { class: 'grow' }, h('strong', {}, told.title), h('p', {}, told.text)), actions));
  }

  #readReaders() { if (this.store.features.signals) this.store.signals.readReaders(this.room.id).catch(() => {}); }

  #drawTyping() {
    const names = this.store.signals.typingIn(this.room.id).map((address) => this.store.nameOf(address));
    fill(this.typing, names.length > 0 && [h('span', { class: 'typing-dots', aria: { hidden: true } }, h('i'), h('i'), h('i')), names.length > 3 ? t('typing.many') : t('typing.names', { names: names.join(', '), n: names.length })]);
  }

  #drawFoot() {
    const { store, room } = this;
    if (room.writable === this.wasWritable) return;
    this.wasWritable = room.writable;
    this.composer = null;
    if (!room.writable) { fill(this.foot, h('p', { class: 'read-only' }, icon('lock'), t('banner.readOnly'))); return; }
    this.composer = Object.assign(document.createElement('hc-composer'), { store, room });
    this.composer.addEventListener('sent', () => this.messages.jumpToEnd());
    this.composer.addEventListener('edit-last', () => { const item = this.messages.lastOwn(); if (item && store.features.edit) this.composer.edit(item); });
    fill(this.foot, this.composer);
  }

  #read() {
    if (!document.hasFocus() || document.hidden || !this.messages.isAtEnd || !this.messages.timeline?.isLoaded) return;
    clearTimeout(this.reading);
    // The room may have gone meanwhile.
    this.reading = setTimeout(() => { if (this.room) this.store.markRead(this.room.id); }, 250);
  }

  togglePanel(open = !this.panel) {
    if (open) { this.openPanel(localStorage.getItem('handclasp.tab') ?? 'details'); return; }
    if (!this.panel) return;
    localStorage.setItem('handclasp.panel', 'closed');
    this.panel.remove();
    this.panel = null;
    this.details.focus();
    this.details.setAttribute('aria-expanded', 'false');
  }

  /** Opens the panel at a tab, and in it an item. Quietly: without taking the focus. */
  openPanel(tab, index, { isQuiet = false } = {}) {
    if (this.panel) this.panel.show(tab, index);
    else {
      localStorage.setItem('handclasp.panel', 'open');
      this.panel = Object.assign(document.createElement('hc-panel'), { store: this.store, app: this.app, room: this.room, wanted: tab, wantedIndex: index, onClose: () => this.togglePanel(false) });
      this.append(this.panel);
      this.details.setAttribute('aria-expanded', 'true');
    }
    if (!isQuiet) this.panel.focusTab();
  }

  /** What can be done with a message. */
  #deeds() {
    const { store } = this;
    const path = (item) => `/rooms/${this.room.id}/messages/${item.index}`;
    const react = (item, emoji, on) => store.api.send(on ? 'PUT' : 'DELETE', `${path(item)}/reactions/${encodeURIComponent(emoji)}`).catch(complain);
    const deeds = {
      goTo: (index) => this.messages.goTo(index),
      retry: (letter) => store.outbox.retry(letter),
      discard: (letter) => store.outbox.discard(letter),
      reply: (item) => this.composer?.reply(item),
      edit: (item) => this.composer?.edit(item),
      react,
      pickReaction: (item, anchor) => pickEmoji(anchor, (emoji) => react(item, emoji, true)),
      actsOf: (index) => this.messages.timeline.acts.get(index) ?? [],
      openItem: (tab, index) => this.openPanel(tab, index),
      history: (item) => showHistory(store, this.room.id, item, deeds.actsOf(item.index).filter(({ event }) => event.kind === 'edit')),
      menu: (item, anchor) => this.#menu(item, anchor, deeds, path),
    };
    return deeds;
  }

  #menu(item, anchor, deeds, path) {
    const { store, room } = this;
    const isMine = item.event.author === store.me.address;
    const isMaster = room.you?.role === 'master';
    const recall = async () => {
      if (await ask(t('message.recall'), t('message.recallAsk'), { yes: t('message.recall'), danger: true })) await store.api.delete(path(item)).catch(complain);
    };
    openMenu(anchor, [
      room.writable && { label: t('message.reply'), icon: 'reply', onPick: () => deeds.reply(item) },
      room.writable && store.features.react && { label: t('message.react'), icon: 'emoji', onPick: () => deeds.pickReaction(item, anchor) },
      { label: t('message.copy'), icon: 'copy', onPick: () => copyText(item).catch(complain) },
      { label: t('message.link'), icon: 'link', onPick: () => copy(`${location.origin}/rooms/${room.id}#${item.index}`).catch(complain) },
      item.now?.edited && { label: t('history.title'), icon: 'clock', onPick: () => deeds.history(item) },
      !isMine && store.features.report && { label: t('report.message'), icon: 'flag', onPick: () => report(store, { room: room.id, index: item.index }, store.nameOf(item.event.author)) },
      isMine && room.writable && store.features.edit && { label: t('message.edit'), icon: 'edit', onPick: () => deeds.edit(item) },
      (isMine || isMaster) && room.writable && store.features.recall && { label: t('message.recall'), icon: 'trash', danger: true, onPick: recall },
    ]);
  }
}

/** What stands in the way of talking here, if anything: a link that is not open says since when, and what happens. */
function bannerOf(store, room) {
  const why = room.with;
  if (room.frozen) return { kind: 'bad', icon: 'lock', title: t('banner.frozen'), text: room.why_not?.detail ?? room.frozen };
  if (room.with && store.contacts.get(room.with)?.blocked) {
    return { kind: 'warn', icon: 'block', title: t('banner.blocked', { name: store.nameOf(room.with) }), text: t('banner.blockedText'), unblock: true };
  }
  const peer = room.partner && store.peer(room.partner);
  const told = peer && linkBanner(store, peer, plain(peer.org_name) || peer.peer);
  if (told) return { ...told, why };
  if (room.writable) return null;
  return { kind: 'warn', icon: 'lock', title: t('banner.readOnly'), text: store.me.permitted ? room.why_not?.detail ?? '' : t('banner.notPermitted'), why };
}

function linkBanner(store, peer, org) {
  const contact = peer.last_contact_at ? `${ago(peer.last_contact_at)} (${dateTime(peer.last_contact_at)})` : '–';
  const endedAt = store.endedAt(peer.peer);
  const since = endedAt ? t('banner.since', { when: dateTime(endedAt) }) : '';
  switch (peer.state) {
    case 'open': return null;
    case 'stale': return { kind: 'warn', icon: 'clock', title: t('banner.stale', { org }), text: t('banner.staleText', { when: contact, org }) };
    case 'closed_by_us': return { kind: 'bad', icon: 'unlink', title: t('banner.closed', { org }), text: since + t('banner.byUs') + t('banner.closedText') };
    case 'closed_by_them': case 'pinned': return { kind: 'bad', icon: 'unlink', title: t('banner.closed', { org }), text: since + t('banner.byThem') + t('banner.closedText') };
    case 'quarantined': return { kind: 'bad', icon: 'alert', title: t('banner.quarantined', { org }), text: t('banner.quarantinedText') };
    default: return { kind: 'warn', icon: 'refresh', title: t('banner.opening', { org }), text: t('banner.openingText') };
  }
}

const presenceText = (store, address) => { const state = store.signals.presenceOf(address); return state && t(`presence.${state}`); };

customElements.define('hc-room', RoomView);
