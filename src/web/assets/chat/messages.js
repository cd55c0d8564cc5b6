// The message list: a window of rows over any number of them. Only what is near the window stands in the document;
// heights are measured when rows are drawn, and what one reads stays where it is while older pages and messages arrive.

import { fill, h, icon } from '../shared/dom.js';
import { day, t } from '../shared/i18n.js';
import { complain, empty, failed, loading } from '../shared/ui.js';
import { eventRow } from './cards.js';
import { messageActions, messageRow } from './message.js';
import { Heights, buildRows, markReaders } from './rows.js';

const OVERSCAN_PX = 900;
const FLYING_PX = 100;
const CALM_MS = 100;
const OLDER_WITHIN_PX = 1_500;
const END_PX = 24;
/** One page of those on the way to a message far back. */
const FAR_PAGE = 200;

class Messages extends HTMLElement {
  #offs = [];
  #rows = [];
  #heights = new Heights();
  #mounted = new Map();
  #atEnd = true;
  #belowFrom = null;
  /** Grows with whatever may change the look of every row. */
  #version = 0;
  #isStale = true;
  /** The position and sizes that were seen last. */
  seen = { top: 0, height: 0, view: 0 };

  connectedCallback() {
    const { store, room } = this;
    this.className = 'messages';
    this.timeline = store.timeline(room.id);
    this.firstUnread = room.unread > 0 ? (room.read_index ?? -1) + 1 : null;
    const label = t('room.log', { name: store.roomName(room) });
    this.above = h('div', { class: 'spacer' });
    this.below = h('div', { class: 'spacer' });
    this.list = h('div', { class: 'message-list', role: 'log', aria: { live: 'polite', relevant: 'additions', label } });
    this.scroller = h('div', { class: 'message-scroller', id: 'messages', tabIndex: 0, aria: { label }, role: 'region' }, this.above, this.list, this.below);
    this.toEnd = h('button', { class: 'to-end button', type: 'button', hidden: true, on: { click: () => { this.jumpToEnd(); this.dispatchEvent(new Event('compose')); } } });
    fill(this, this.scroller, this.toEnd);
    this.scroller.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    // Where messages come all the time, the size is never the same: the wheel tells what is wanted.
    this.scroller.addEventListener('wheel', ({ deltaY }) => { if (deltaY < 0 && this.scroller.scrollTop > 0) this.#atEnd = false; }, { passive: true });
    this.scroller.addEventListener('keydown', (event) => this.#key(event));
    for (const turn of ['pointerover', 'focusin']) this.list.addEventListener(turn, ({ target }) => this.#attend(target.closest('article.message')));
    this.sizes = new ResizeObserver((entries) => this.#resized(entries));
    this.sizes.observe(this.scroller);
    this.#listen();
    this.#open();
  }

  #listen() {
    const { store, room } = this;
    const anew = () => { this.#version += 1; this.#soon(true); };
    this.#offs = [store.on(`timeline:${room.id}`, () => this.#soon(true)), store.on(`readers:${room.id}`, () => this.#soon(true)), store.on('names', anew), store.on('features', anew),
      store.on(`room:${room.id}`, () => {
        const wasWritable = this.room.writable;
        this.room = store.rooms.get(room.id) ?? this.room;
        if (this.room.writable !== wasWritable) anew();
      }),
      store.on('connection', () => { if (store.connection === 'open' && !this.timeline.isLoaded) this.#open(); })];
  }

  disconnectedCallback() {
    this.#offs.forEach((off) => off());
    this.sizes.disconnect();
    cancelAnimationFrame(this.frame);
    clearTimeout(this.calm);
  }

  async #open() {
    if (!this.timeline.isLoaded) fill(this.list, loading());
    try {
      // Also with what is known already: who made this element listens to it only afterwards.
      await (this.timeline.isLoaded || this.timeline.refresh());
    } catch (error) {
      this.#unread(error);
      return;
    }
    if (!this.isConnected) return;
    fill(this.list);
    this.#mounted.clear();
    this.draw();
    const unread = this.#rows.findIndex((row) => row.kind === 'unread');
    if (unread >= 0) this.#reveal(unread, 80); else this.jumpToEnd();
    this.dispatchEvent(new Event('shown'));
  }

  /** What was said cannot be read now. Without a connection one can still write. */
  #unread(error) {
    fill(this.list);
    this.#mounted.clear();
    if (error.status === 0) this.jumpToEnd(); else fill(this.list, failed(error, () => this.#open()));
  }

  /** Draws in the next frame; `isStale`: because something other than the scroll position changed. */
  #soon(isStale) {
    this.#isStale ||= isStale;
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      if (!this.timeline.isLoaded && !this.#rows.length) return;
      if (this.#isStale) this.draw(); else this.#window();
    });
  }

  /** Draws what is known now; what one reads stays in its place, or the end stays in sight. */
  draw() {
    this.#isStale = false;
    const { store, room } = this;
    const before = this.#rows.at(-1)?.key;
    const anchor = this.#anchor();
    this.#rows = buildRows(this.timeline, store.outbox.of(room.id), { me: store.me.address, firstUnread: this.firstUnread, keyOf: (event) => store.keyOf(event) });
    markReaders(this.#rows, store.signals.readersOf(room.id));
    this.#heights.take(this.#rows);
    this.#changed();
    this.#window(anchor);
    if (!this.#atEnd && before && this.#rows.at(-1)?.key !== before) this.#belowFrom ??= this.#rows.length - 1;
    this.#tellEnd();
  }

  /** Rows whose look changed are made anew. */
  #changed() {
    for (const mounted of this.#mounted.values()) {
      const row = this.#rows[this.#heights.position(mounted.row.key)];
      if (!row || this.#looksLike(mounted, row)) { if (row) mounted.row = row; continue; }
      const hadFocus = mounted.element.contains(document.activeElement);
      const hadActions = mounted.element.querySelector('.message-actions');
      const fresh = this.#make(row);
      mounted.element.replaceWith(fresh);
      this.sizes.unobserve(mounted.element);
      this.sizes.observe(fresh);
      Object.assign(mounted, { element: fresh, row, version: this.#version });
      if (hadFocus) fresh.focus?.({ preventScroll: true });
      if (hadActions) this.#attend(fresh);
    }
  }

  /** The buttons of a message are made when it is looked at: most are only scrolled past. */
  #attend(element) {
    if (!element || element.querySelector('.message-actions')) return;
    const row = this.#rows[this.#heights.position(element.dataset.key)];
    const buttons = row && messageActions(this.store, this.room, row, this.deeds);
    if (buttons) element.append(buttons);
  }

  /** Items and letters are never changed, only replaced. */
  #looksLike({ row: known, version }, row) {
    return version === this.#version && known.follows === row.follows && known.readers === row.readers && (row.letter ? known.letter === row.letter : known.item === row.item);
  }

  #make(row) {
    const element = this.#element(row);
    element.dataset.key = row.key;
    return element;
  }

  #element(row) {
    const { store, room } = this;
    switch (row.kind) {
      case 'message': return messageRow(store, room, row, this.deeds);
      case 'event': return eventRow(store, row.item, this.deeds);
      case 'day': return h('div', { class: 'row-day', role: 'separator', aria: { label: day(row.at) } }, h('span', {}, day(row.at)));
      case 'unread': return h('div', { class: 'row-unread', role: 'separator', aria: { label: t('room.unreadLine') } }, h('span', {}, t('room.unreadLine')));
      case 'offline': return empty('refresh', t('room.offline'), t('room.offlineText'));
      case 'older': return h('div', { class: 'row-older', role: 'status' }, h('div', { class: 'spinner' }), h('span', { class: 'unseen' }, t('room.older')));
      default: return this.#beginning();
    }
  }

  #beginning() {
    const { store, room } = this;
    const text = room.kind === 'direct' && room.external
      ? t('room.beginningDirect', { name: store.nameOf(room.with), org: store.orgNameOf(room.with) }) : t('room.beginning');
    return h('div', { class: 'row-beginning' }, icon(room.external ? 'globe' : 'chat'), h('p', {}, text));
  }

  /** Puts the rows near the window into the document, and keeps the first visible one where it is. */
  #window(anchor = this.#anchor()) {
    const { scroller } = this;
    const heights = this.#heights;
    const view = scroller.clientHeight || 600;
    const at = anchor && heights.position(anchor.key);
    const bottom = Math.max(0, heights.total - view);
    const top = this.#atEnd ? bottom : at === undefined || at === null ? scroller.scrollTop : heights.offset(at) - anchor.offset;
    const overscan = this.#overscan(top, view);
    const from = Math.min(top, bottom) - overscan;
    const first = heights.at(from);
    const last = heights.at(from + view + 2 * overscan);
    this.#mount(this.#rows.slice(first, last + 1));
    heights.measure([...this.#mounted.values()].map(({ row, element }) => [row.key, element.offsetHeight]));
    this.above.style.height = `${heights.offset(first)}px`;
    this.below.style.height = `${heights.total - heights.offset(last + 1)}px`;
    // Measuring between the rows and the spacers moves the position up, also where nothing turns out higher than thought.
    if (this.#atEnd) this.#toBottom();
    else if (at !== null && at !== undefined) this.#restore(anchor);
  }

  /** Who flies past sees only what is in the window; what lies beyond is drawn when it is calm again. */
  #overscan(top, view) {
    const isFlying = Math.abs(top - this.lastTop) > view;
    this.lastTop = top;
    clearTimeout(this.calm);
    if (isFlying) this.calm = setTimeout(() => this.#soon(false), CALM_MS);
    return isFlying ? FLYING_PX : OVERSCAN_PX;
  }

  #mount(rows) {
    const wanted = new Set(rows.map((row) => row.key));
    for (const [key, { element }] of this.#mounted) {
      if (!wanted.has(key)) { this.sizes.unobserve(element); element.remove(); this.#mounted.delete(key); }
    }
    let next = this.list.firstElementChild;
    for (const row of rows) {
      let mounted = this.#mounted.get(row.key);
      if (mounted && mounted.element === next) { next = next.nextElementSibling; continue; }
      if (!mounted) {
        mounted = { element: this.#make(row), row, version: this.#version };
        this.#mounted.set(row.key, mounted);
        this.sizes.observe(mounted.element);
      }
      this.list.insertBefore(mounted.element, next);
    }
  }

  /** The first visible row and where it stands; none at the end, which stays in sight itself. */
  #anchor() {
    if (this.#atEnd) return null;
    const edge = this.scroller.getBoundingClientRect().top;
    for (const element of this.list.children) {
      const box = element.getBoundingClientRect();
      if (box.bottom > edge && element.dataset.key !== 'older') return { key: element.dataset.key, offset: box.top - edge };
    }
    return null;
  }

  #restore({ key, offset }) {
    const mounted = this.#mounted.get(key);
    if (!mounted) return;
    const now = mounted.element.getBoundingClientRect().top - this.scroller.getBoundingClientRect().top;
    if (Math.abs(now - offset) > 0.5) this.scroller.scrollTop += now - offset;
  }

  /** A picture arrived, the window became wider: what is above the first visible row must not push it. */
  #resized(entries) {
    if (entries.some(({ target }) => target === this.scroller)) { if (this.#atEnd) this.#toBottom(); this.#soon(false); return; }
    const anchor = this.#anchor();
    const first = anchor ? this.#heights.position(anchor.key) : 0;
    let above = 0;
    for (const { target } of entries) {
      const { key } = target.dataset;
      const known = this.#heights.known(key);
      if (anchor && known && target.offsetHeight && this.#heights.position(key) < first) above += target.offsetHeight - known;
    }
    const measured = entries.map(({ target }) => [target.dataset.key, target.offsetHeight]);
    if (!this.#heights.measure(measured)) return;
    if (this.#atEnd) this.#toBottom(); else if (above) this.scroller.scrollTop += above;
  }

  #toBottom() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.#see();
  }

  /** Where one is, and how much there is to see. */
  #see() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    this.seen = { top: scrollTop, height: scrollHeight, view: clientHeight };
  }

  #scrolled() {
    const { scroller, seen } = this;
    const left = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
    // Who is at the end leaves it by going up. Rows and windows that change their size push a position up as well, and
    // the browser tells of it only when other rows may have come: whoever was at the end then stays there.
    const isSame = seen.height === scroller.scrollHeight && seen.view === scroller.clientHeight;
    if (left < END_PX) this.#atEnd = true;
    else if (this.#atEnd && !isSame) this.#toBottom();
    else if (scroller.scrollTop < seen.top - 1) this.#atEnd = false;
    this.#see();
    if (this.#atEnd) this.#belowFrom = null;
    this.#tellEnd();
    this.#soon(false);
    if (scroller.scrollTop < OLDER_WITHIN_PX && this.timeline.hasOlder && !this.timeline.older) this.#older();
    if (this.#atEnd) this.dispatchEvent(new Event('end'));
  }

  async #older() {
    try {
      await this.timeline.loadOlder();
      if (!this.isConnected) return;
      this.draw();
      if (this.scroller.scrollTop < OLDER_WITHIN_PX && this.timeline.hasOlder) this.#older();
    } catch { /* Scrolling asks again. */ }
  }

  #tellEnd() {
    const fresh = this.#belowFrom === null ? 0 : this.#rows.length - this.#belowFrom;
    const told = `${this.#atEnd} ${fresh}`;
    if (told === this.toldEnd) return;
    this.toldEnd = told;
    this.toEnd.hidden = this.#atEnd;
    fill(this.toEnd, icon('chevron'), fresh ? t('room.newBelow', { n: fresh }) : t('room.toEnd'));
    this.toEnd.classList.toggle('primary', fresh > 0);
  }

  get isAtEnd() { return this.#atEnd; }

  jumpToEnd() {
    this.#atEnd = true;
    this.#belowFrom = null;
    this.draw();
    this.#toBottom();
  }

  #reveal(at, fromTop) {
    this.#atEnd = false;
    const { key } = this.#rows[at];
    this.#window({ key, offset: fromTop });
    const mounted = this.#mounted.get(key);
    this.#restore({ key, offset: fromTop });
    this.#scrolled();
    return mounted?.element;
  }

  /** Shows an event, reading history until it is there. */
  async goTo(index) {
    try {
      if (!this.timeline.isLoaded) await this.timeline.refresh();
      while (!this.timeline.find(index) && this.timeline.hasOlder && this.timeline.before > index) await this.timeline.loadOlder(FAR_PAGE);
    } catch (error) { complain(error); return; }
    this.draw();
    const at = this.#rows.findIndex((row) => row.item?.index === index);
    if (at < 0) return;
    const element = this.#reveal(at, 120);
    element?.focus({ preventScroll: true });
    element?.classList.add('flash');
    setTimeout(() => element?.classList.remove('flash'), 1_600);
  }

  #key(event) {
    const current = document.activeElement?.closest?.('article.message');
    const go = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (go && !event.altKey) { event.preventDefault(); this.#step(current, go); return; }
    if (!current || event.target !== current) return;
    const row = this.#rows[this.#heights.position(current.dataset.key)];
    if (!row?.item || row.letter || row.number !== undefined) return;
    const deed = { Enter: 'menu', ' ': 'menu', r: 'reply', e: 'edit', '+': 'pickReaction' }[event.key];
    if (!deed || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    if (deed === 'edit' && !(this.store.features.edit && row.item.event.author === this.store.me.address)) return;
    this.deeds[deed](row.item, current);
  }

  #step(current, by) {
    const isMessage = (row) => row.kind === 'message';
    let at = current ? this.#heights.position(current.dataset.key) + by : this.#rows.length - 1;
    while (this.#rows[at] && !isMessage(this.#rows[at])) at += by;
    const next = this.#rows[at];
    if (!next) { if (by > 0 || !current) this.dispatchEvent(new Event('compose')); return; }
    if (!this.#mounted.has(next.key)) this.#reveal(at, 120);
    const element = this.#mounted.get(next.key)?.element;
    element?.focus({ preventScroll: true });
    element?.scrollIntoView({ block: 'nearest' });
  }

  /** The newest message of one's own that can still be changed. */
  lastOwn() {
    return this.timeline.items.findLast((item) => item.event.kind === 'message' && item.event.author === this.store.me.address && !item.now?.recalled);
  }

  /** For tests: how many rows are known, and how many stand in the document. */
  get counts() { return { rows: this.#rows.length, mounted: this.#mounted.size }; }
}

customElements.define('hc-messages', Messages);
