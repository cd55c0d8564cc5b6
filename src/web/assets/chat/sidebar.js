// The list of rooms with search, and the ways to everything else.

import { fill, h, icon } from '../shared/dom.js';
import { number, shortTime, t } from '../shared/i18n.js';
import { button, empty, externalBadge, iconButton, openMenu } from '../shared/ui.js';
import { describeEvent, isTakenBack } from './message.js';
import { addContact, newGroup } from './people.js';
import { roomAvatar } from './photos.js';
import { plain } from './words.js';

class Sidebar extends HTMLElement {
  #offs = [];

  connectedCallback() {
    const { store } = this;
    this.className = 'sidebar';
    this.setAttribute('role', 'navigation');
    this.setAttribute('aria-label', t('nav.rooms'));
    this.search = h('input', { class: 'input', type: 'search', placeholder: t('nav.search'), aria: { label: t('nav.search'), keyshortcuts: 'Control+K' }, autocomplete: 'off' });
    this.search.addEventListener('input', () => this.#drawRooms());
    this.search.addEventListener('keydown', (event) => this.#searchKey(event));
    this.list = h('ul', { class: 'room-list', aria: { label: t('nav.rooms') } });
    this.list.addEventListener('keydown', (event) => this.#listKey(event));
    this.head = h('div', { class: 'sidebar-head' });
    this.nav = h('nav', { class: 'sidebar-nav', aria: { label: t('nav.account') } });
    const start = iconButton('edit', t('nav.new'), () => openMenu(start, [
      { label: t('nav.newGroup'), icon: 'group', onPick: () => newGroup(store, this.app) },
      { label: t('nav.addContact'), icon: 'personAdd', onPick: () => addContact(store, this.app) },
    ]), { aria: { label: t('nav.new'), haspopup: 'menu', expanded: false } });
    fill(this, this.head, h('div', { class: 'sidebar-search' }, h('label', { class: 'search' }, icon('search'), this.search), start), this.list, this.nav);
    const draw = () => { cancelAnimationFrame(this.frame); this.frame = requestAnimationFrame(() => this.draw()); };
    this.#offs = ['rooms', 'contacts', 'names', 'me', 'route', 'notices', 'presence', 'typing'].map((topic) => store.on(topic, draw));
    this.draw();
  }

  disconnectedCallback() { this.#offs.forEach((off) => off()); }

  draw() {
    this.#drawHead();
    this.#drawRooms();
    this.#drawNav();
  }

  #drawHead() {
    const { me } = this.store;
    fill(this.head,
      h('img', { src: this.app.logo, alt: '', width: 28, height: 28 }),
      h('div', { class: 'grow' }, h('h1', { class: 'sidebar-org clip' }, me.org), h('p', { class: 'faint clip' }, h('bdi', {}, plain(me.name)), ' · ', me.address)));
  }

  #drawNav() {
    const { me, contacts } = this.store;
    const link = (path, drawing, label, count) => h('a', { href: path, class: 'nav-link', aria: { current: this.app.path === path ? 'page' : null } },
      icon(drawing), h('span', {}, label), count > 0 && h('span', { class: 'badge count' }, number(count)));
    const waiting = [...contacts.values()].filter((contact) => contact.state === 'pending').length;
    const focused = this.nav.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null;
    fill(this.nav, link('/search', 'search', t('ui.search'), 0), link('/contacts', 'person', t('nav.contacts'), waiting), link('/notifications', 'bell', t('nav.notices'), me.unread_notifications), link('/settings', 'settings', t('nav.settings'), 0));
    if (focused) this.nav.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus();
  }

  #drawRooms() {
    const wanted = this.search.value.trim().toLowerCase();
    const matches = (room) => !wanted || [this.store.roomName(room), room.with, room.partner_name, room.partner].some((text) => text?.toLowerCase().includes(wanted));
    const rooms = this.store.sortedRooms().filter(matches);
    const focused = this.list.contains(document.activeElement) ? document.activeElement.dataset.room : null;
    const scrolled = this.list.scrollTop;
    const further = wanted && h('li', {}, h('a', { class: 'room-row search-row', href: `/search?${new URLSearchParams({ q: this.search.value.trim() })}` }, h('span', { class: 'avatar group', aria: { hidden: true } }, icon('search')), h('span', { class: 'room-row-text' }, h('span', { class: 'clip' }, t('nav.searchMessages', { words: this.search.value.trim() })))));
    if (rooms.length || wanted) fill(this.list, rooms.map((room) => h('li', {}, this.#row(room))), further);
    else fill(this.list, h('li', {}, empty('chat', t('nav.firstTitle'), t('nav.firstText'),
      button(t('nav.addContact'), { kind: 'primary', icon: 'personAdd', onClick: () => addContact(this.store, this.app) }))));
    this.list.scrollTop = scrolled;
    if (focused) this.list.querySelector(`[data-room="${focused}"]`)?.focus();
  }

  #row(room) {
    const { store } = this;
    const name = store.roomName(room);
    const path = `/rooms/${room.id}`;
    const at = room.last_event_at ?? room.created_at;
    return h('a', { href: path, class: ['room-row', room.unread && 'unread', !room.writable && 'closed'], data: { room: room.id }, aria: { current: this.app.path === path ? 'page' : null } },
      roomAvatar(store, room),
      h('span', { class: 'room-row-text' },
        h('span', { class: 'row' }, h('bdi', { class: 'room-name clip grow' }, name), h('time', { class: 'faint', dateTime: new Date(at).toISOString() }, shortTime(at))),
        h('span', { class: 'row' }, h('span', { class: 'room-last clip grow' }, this.#lastLine(room)),
          room.external && externalBadge(plain(room.partner_name)),
          store.isCalledIn(room) && h('span', { class: 'badge called', title: t('nav.called') }, '@', h('span', { class: 'unseen' }, ` ${t('nav.called')}`)),
          room.unread > 0 && h('span', { class: 'badge count' }, number(room.unread), h('span', { class: 'unseen' }, ` ${t('nav.unread', { n: room.unread })}`)))));
  }

  #lastLine(room) {
    if (this.store.signals.typingIn(room.id).length) return h('span', { class: 'room-typing' }, t('typing.short'));
    if (store_draft(this.store, room.id)) return [h('span', { class: 'draft' }, icon('edit')), store_draft(this.store, room.id)];
    const item = this.store.previews.get(room.id);
    if (!item) return plain(room.description) || (room.last_event_at ? '' : t('room.emptyTitle'));
    const text = describeEvent(this.store, item, { short: true });
    if (item.event.kind !== 'message' || isTakenBack(item)) return text;
    if (item.event.author === this.store.me.address) return `${t('message.you')}: ${text}`;
    return room.kind === 'direct' ? text : [h('bdi', {}, this.store.nameOf(item.event.author)), ': ', text];
  }

  #searchKey(event) {
    const first = this.list.querySelector('a');
    if (event.key === 'Enter' && first) { event.preventDefault(); first.click(); this.search.value = ''; this.#drawRooms(); }
    else if (event.key === 'ArrowDown' && first) { event.preventDefault(); first.focus(); }
    else if (event.key === 'Escape') { this.search.value = ''; this.#drawRooms(); }
  }

  #listKey(event) {
    const links = [...this.list.querySelectorAll('a')];
    const at = links.indexOf(document.activeElement);
    const go = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[event.key];
    if (at < 0 || go === undefined) return;
    event.preventDefault();
    if (go < 0) this.search.focus(); else links[Math.min(go, links.length - 1)].focus();
  }

  /** The room before or after the one that is shown. */
  step(by) {
    const rooms = this.store.sortedRooms();
    const at = rooms.findIndex((room) => room.id === this.store.current);
    const next = rooms[(at + by + rooms.length) % rooms.length];
    if (next) this.app.go(`/rooms/${next.id}`);
  }
}

const store_draft = (store, room) => room !== store.current && localStorage.getItem(`handclasp.draft.${store.me.address}.${room}`);

customElements.define('hc-sidebar', Sidebar);
