// The app: signs in, shows the page that the address names, and tells the person what happens elsewhere.

import './texts.js';
import './texts-tools.js';
import './calls/texts.js';
import './sidebar.js';
import './messages.js';
import './composer.js';
import './panel.js';
import { fill, h, icon } from '../shared/dom.js';
import { t } from '../shared/i18n.js';
import { complain, failed, loading } from '../shared/ui.js';
import { Desk } from './calls/desk.js';
import { describeEvent } from './message.js';
import { contactPage, contactsPage, homePage, noticeText, noticesPage, settingsPage, toastNotice } from './pages.js';
import { notify, permitted, permitNotices, registerWorker } from './worker-client.js';
import { roomPage } from './room.js';
import { searchPage } from './search.js';
import { showSignIn } from './sign-in.js';
import { Store } from './store.js';

/** Reminders are looked for when the page has long been there. */
const REMINDERS_MS = 2_000;
const narrow = matchMedia('(max-width: 760px)');

class App {
  root = document.getElementById('app');
  org = document.querySelector('meta[name="handclasp-org"]').content;
  logo = document.querySelector('link[rel="icon"]').getAttribute('href');
  path = location.pathname;

  async start({ isOver = false } = {}) {
    this.desk?.stop();
    this.store?.stop();
    this.reminders?.stop();
    this.reminders = undefined;
    const store = new Store({ onSignedOut: () => this.start({ isOver: true }) });
    this.store = store;
    fill(this.root, loading());
    try {
      if (isOver) throw Object.assign(new Error(), { status: 401 });
      await store.start();
    } catch (error) {
      if (error.status === 401) showSignIn(this.root, store.api, { org: this.org, logo: this.logo, isOver, onSignedIn: () => this.start() });
      else fill(this.root, failed(error, () => this.start()));
      this.title();
      return;
    }
    this.#listen(store);
    this.#frame();
    this.draw();
    performance.mark('handclasp.usable');
    // After what one sees: nobody waits for it, and without a connection there is nothing to read.
    setTimeout(() => this.#remind(store).catch(() => {}), REMINDERS_MS);
  }

  #listen(store) {
    store.on('arrived', (arrived) => this.#arrived(arrived));
    store.on('noticed', (notice) => { toastNotice(store, this, notice); if (!document.hasFocus()) this.#notify(noticeText(store, notice), '', notice.n); });
    store.on('rooms', () => { this.title(); if (this.path.startsWith('/rooms/') && this.missing && store.rooms.has(this.missing)) this.draw(); });
    store.on('connection', () => this.#connection());
    store.on('contacts', () => { if (this.path === '/contacts' || (this.path.startsWith('/contacts/') && !this.main.querySelector('form:focus-within'))) this.draw(); });
    store.on('notices', () => { if (this.path === '/notifications') this.draw(); });
    store.on('me', () => { if (this.path === '/notifications') this.draw(); });
  }

  async #remind(store) {
    const { Reminders } = await import('./reminders.js');
    if (this.store !== store || this.reminders) return;
    this.reminders = new Reminders(store, this, ({ title, text, path, tag }) => { if (!document.hasFocus()) this.#notify(title, text, tag, path); });
    this.reminders.start();
  }

  #frame() {
    this.sidebar = Object.assign(document.createElement('hc-sidebar'), { store: this.store, app: this });
    this.main = h('main', { class: 'main', id: 'main', tabIndex: -1 });
    this.state = h('div', { class: 'connection', role: 'status', aria: { live: 'polite' } });
    const skip = h('a', { class: 'skip', href: '#main', on: { click: (event) => { event.preventDefault(); (this.main.querySelector('.composer-input') ?? this.main).focus(); } } }, t('nav.skip'));
    fill(this.root, skip, this.state, h('div', { class: 'app' }, this.sidebar, this.main));
    this.desk = new Desk(this.store, this, this.root);
  }

  /** Shows the page of the present address. */
  draw() {
    const { store, path } = this;
    const [, first, rest] = path.split('/');
    const id = rest && decodeURIComponent(rest);
    store.current = first === 'rooms' ? id : null;
    this.missing = first === 'rooms' && !store.rooms.has(id) ? id : null;
    const pages = {
      rooms: () => roomPage(store, this, id), contacts: () => (id ? contactPage(store, this, id) : contactsPage(store, this)),
      notifications: () => noticesPage(store, this), search: () => searchPage(store, this, new URLSearchParams(location.search)), settings: () => settingsPage(store, this),
    };
    fill(this.main, (pages[first] ?? (() => homePage(store, this)))());
    this.root.querySelector('.app').classList.toggle('at-home', path === '/');
    // On a phone the list of rooms is the page.
    this.sidebar.setAttribute('role', path === '/' && narrow.matches ? 'main' : 'navigation');
    store.tell('route');
    this.title();
  }

  /** Goes to an address of the app, which may name a message or an item of a room behind `#`. */
  go(to) {
    const url = new URL(to, location.origin);
    if (url.href !== location.href) history.pushState(null, '', url);
    const room = this.main.querySelector('hc-room');
    const isHere = url.pathname === this.path && room;
    this.path = url.pathname;
    if (isHere) { room.show(url.hash); return; }
    this.draw();
    // On a phone the list was replaced by the page, so focus follows; elsewhere the page places it.
    if (!this.main.contains(document.activeElement) && !document.querySelector('dialog[open]')) this.main.focus({ preventScroll: true });
  }

  backButton() {
    return h('a', { class: 'icon-button back', href: '/', aria: { label: t('ui.back') }, title: t('ui.back') }, icon('back'));
  }

  title() {
    const unread = this.store.me ? this.store.unread : 0;
    const room = this.store.rooms.get(this.store.current);
    document.title = `${unread ? `(${unread}) ` : ''}${room ? `${this.store.roomName(room)} · ` : ''}Handclasp · ${this.org}`;
  }

  #connection() {
    const { connection } = this.store;
    if (!this.state) return;
    const isLost = connection === 'broken' || connection === 'retrying';
    clearTimeout(this.lost);
    if (!isLost) { fill(this.state); return; }
    // A short break needs no words.
    this.lost = setTimeout(() => fill(this.state, icon('refresh'), h('span', {}, t('ui.offline'))), 1_200);
  }

  #arrived({ room: id, items }) {
    const { store } = this;
    const room = store.rooms.get(id);
    const item = items.findLast((one) => one.event.kind === 'message' && one.event.author !== store.me.address);
    if (!room || !item || (document.hasFocus() && store.current === id)) return;
    if (!document.hasFocus()) this.#notify(`${store.nameOf(item.event.author)} · ${store.roomName(room)}`, describeEvent(store, item, { short: true }), id, `/rooms/${id}#${item.index}`);
  }

  #notify(title, body, tag, path) { if (this.notifies) notify({ title, body, tag: String(tag), path, icon: this.logo, onPick: () => { window.focus(); if (path) this.go(path); } }); }

  get notifies() { return permitted(); }

  async setNotifies(on) { if (!await permitNotices(on)) throw new Error(t('settings.notifyDenied')); }

  async signOut() {
    await this.desk.session?.leave().catch(() => {});
    this.desk.stop();
    await this.store.signOut();
    history.pushState(null, '', '/');
    this.path = '/';
    this.start();
  }
}

const app = new App();

/** Links within the app change the page without loading it. */
document.addEventListener('click', (event) => {
  const link = event.target.closest?.('a[href]');
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || link.target || link.hasAttribute('download')) return;
  const url = new URL(link.href);
  if (url.origin !== location.origin || url.pathname.startsWith('/api/') || link.getAttribute('href').startsWith('#')) return;
  event.preventDefault();
  app.go(url.pathname + url.search + url.hash);
});
addEventListener('popstate', () => { app.path = location.pathname; if (app.main?.isConnected) app.draw(); });
// After the page stands: the worker fetches what the page has already.
addEventListener('load', () => registerWorker((path) => { window.focus(); if (app.main?.isConnected) app.go(path); }));
addEventListener('keydown', (event) => {
  if (!app.sidebar?.isConnected || document.querySelector('dialog[open]')) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
    event.preventDefault();
    if (getComputedStyle(app.sidebar).display === 'none') app.go('/');
    app.sidebar.search.focus();
    app.sidebar.search.select();
  } else if (event.key === 'F6') {
    event.preventDefault();
    nextPane(event.shiftKey ? -1 : 1);
  } else if (event.altKey && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
    event.preventDefault();
    app.sidebar.step(event.key === 'ArrowDown' ? 1 : -1);
  }
});
/** Moves the focus to the next part of the page: rooms, messages, where one writes, panel. */
function nextPane(by) {
  const panes = [app.sidebar.search, ...['.message-scroller', '.composer-input', '.panel button'].map((one) => app.main.querySelector(one))].filter((one) => one?.offsetParent);
  const parts = panes.map((one) => one.closest('hc-sidebar, hc-messages, hc-composer, hc-panel'));
  const at = parts.findIndex((part) => part.contains(document.activeElement));
  panes[(at + by + panes.length) % panes.length]?.focus();
}
addEventListener('unhandledrejection', (event) => complain(event.reason));
app.start();
