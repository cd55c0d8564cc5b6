// The list of messages: only what is near the window is in the document, and what one reads stays where it is while
// history comes in above, pictures load and messages arrive.

import { fill, h, icon } from '../shared/dom.js';
import { day, t } from '../shared/i18n.js';
import { failed, loading } from '../shared/ui.js';
import { eventRow, messageRow } from './message.js';

const OVERSCAN_PX = 900;
const OLDER_WITHIN_PX = 1_500;
const GROUP_MS = 5 * 60_000;
const END_PX = 24;

class Messages extends HTMLElement {
  #offs = [];
  #rows = [];
  #heights = new Map();
  #mounted = new Map();
  #atEnd = true;
  #average = 44;
  #belowFrom = null;

  connectedCallback() {
    const { store, room } = this;
    this.className = 'messages';
    this.timeline = store.timeline(room.id);
    this.firstUnread = room.unread > 0 ? (room.read_index ?? -1) + 1 : null;
    this.above = h('div', { class: 'spacer' });
    this.below = h('div', { class: 'spacer' });
    this.list = h('div', { class: 'message-list', role: 'log', aria: { live: 'polite', relevant: 'additions', label: t('room.log', { name: store.roomName(room) }) } });
    this.scroller = h('div', { class: 'message-scroller', id: 'messages', tabIndex: 0, aria: { label: t('room.log', { name: store.roomName(room) }) }, role: 'region' }, this.above, this.list, this.below);
    this.toEnd = h('button', { class: 'to-end button', type: 'button', hidden: true, on: { click: () => { this.jumpToEnd(); this.dispatchEvent(new Event('compose')); } } });
    fill(this, this.scroller, this.toEnd);
    this.scroller.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    this.scroller.addEventListener('keydown', (event) => this.#key(event));
    this.sizes = new ResizeObserver((entries) => this.#resized(entries));
    this.sizes.observe(this.scroller);
    const draw = () => this.#soon();
    this.#offs = [`timeline:${room.id}`, 'names', 'features'].map((topic) => store.on(topic, () => { this.#stale = true; draw(); }));
    this.#offs.push(store.on(`room:${room.id}`, () => { this.room = store.rooms.get(room.id) ?? this.room; this.#stale = true; draw(); }));
    this.#open();
  }

  #stale = false;

  disconnectedCallback() {
    this.#offs.forEach((off) => off());
    this.sizes.disconnect();
    cancelAnimationFrame(this.frame);
  }

  async #open() {
    if (!this.timeline.isLoaded) fill(this.list, loading());
    try {
      if (!this.timeline.isLoaded) await this.timeline.refresh();
    } catch (error) {
      fill(this.list, failed(error, () => this.#open()));
      return;
    }
    if (!this.isConnected) return;
    fill(this.list);
    this.draw();
    const unread = this.#rows.findIndex((row) => row.kind === 'unread');
    if (unread >= 0) this.#reveal(unread, 80); else this.jumpToEnd();
    this.dispatchEvent(new Event('shown'));
  }

  #soon() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => { if (this.timeline.isLoaded) this.draw(); });
  }

  /** Draws what is known now; what one reads stays in its place, or the end stays in sight. */
  draw() {
    const before = this.#rows.length ? this.#rows.at(-1).key : null;
    this.#rows = this.#build();
    if (this.#stale) { this.#changed(); this.#stale = false; }
    this.#window();
    if (this.#atEnd) this.#toBottom();
    else if (before && this.#rows.at(-1)?.key !== before) this.#countBelow();
    this.#tellEnd();
  }

  /** Rows whose look changed are made anew. */
  #changed() {
    for (const [key, mounted] of this.#mounted) {
      const row = this.#rows.find((one) => one.key === key);
      if (row && row.print !== mounted.print) { mounted.print = row.print; this.#replace(mounted, row); }
    }
  }

  #replace(mounted, row) {
    const hadFocus = mounted.element.contains(document.activeElement);
    const fresh = this.#make(row);
    mounted.element.replaceWith(fresh);
    this.sizes.unobserve(mounted.element);
    this.sizes.observe(fresh);
    mounted.element = fresh;
    if (hadFocus) fresh.focus?.({ preventScroll: true });
  }

  #build() {
    const rows = [];
    const { timeline } = this;
    rows.push(timeline.hasOlder ? { key: 'older', kind: 'older' } : { key: 'beginning', kind: 'beginning' });
    let previous = null;
    const put = (key, item, more = {}) => {
      const at = item.event.made_at ?? item.at;
      if (!previous || new Date(previous.at).toDateString() !== new Date(at).toDateString()) {
        rows.push({ key: `day-${new Date(at).toDateString()}-${key}`, kind: 'day', at });
        previous = null;
      }
      if (item.index !== undefined && item.index === this.firstUnread) { rows.push({ key: 'unread', kind: 'unread' }); previous = null; }
      const isMessage = item.event.kind === 'message';
      const follows = isMessage && previous?.author === item.event.author && at - previous.at < GROUP_MS && item.event.reply_to == null;
      rows.push({ key, kind: isMessage ? 'message' : 'event', item, follows, ...more });
      previous = { at, author: isMessage ? item.event.author : null };
    };
    for (const item of timeline.items) put(`e${item.index}`, item);
    for (const item of timeline.pending) put(`p${item.pending}`, item, { number: item.pending });
    for (const letter of this.store.outbox.of(this.room.id)) {
      put(`o${letter.key}`, { event: { kind: 'message', author: this.store.me.address, made_at: letter.at, ...letter.message, files: letter.shown } }, { letter });
    }
    for (const row of rows) row.print = this.#print(row);
    return rows;
  }

  /** What a row's look depends on. */
  #print(row) {
    if (!row.item) return row.kind;
    const { item, letter, follows } = row;
    return JSON.stringify([follows, item.delivery, item.now, letter?.state, letter?.error, this.store.nameOf(item.event.author), (item.event.users ?? []).map((one) => this.store.nameOf(one)), this.room.writable, this.store.features]);
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
      case 'event': return eventRow(store, row.item);
      case 'day': return h('div', { class: 'row-day', role: 'separator', aria: { label: day(row.at) } }, h('span', {}, day(row.at)));
      case 'unread': return h('div', { class: 'row-unread', role: 'separator', aria: { label: t('room.unreadLine') } }, h('span', {}, t('room.unreadLine')));
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

  #height(row) { return this.#heights.get(row.key) ?? this.#average; }

  /** Puts the rows near the window into the document, and keeps the first visible one where it is. */
  #window() {
    const { scroller } = this;
    const anchor = this.#atEnd ? null : this.#anchor();
    const top = this.#atEnd ? Infinity : scroller.scrollTop;
    const view = scroller.clientHeight || 600;
    const heights = this.#rows.map((row) => this.#height(row));
    const total = heights.reduce((sum, height) => sum + height, 0);
    const from = Math.min(top, Math.max(0, total - view)) - OVERSCAN_PX;
    const to = from + view + 2 * OVERSCAN_PX;
    let y = 0; let first = this.#rows.length; let last = -1; let before = 0; let shown = 0;
    for (let at = 0; at < this.#rows.length; at++) {
      const height = heights[at];
      if (y + height >= from && y <= to) { if (at < first) { first = at; before = y; } last = at; shown += height; }
      y += height;
    }
    this.#mount(this.#rows.slice(first, last + 1));
    this.above.style.height = `${before}px`;
    this.below.style.height = `${Math.max(0, total - before - shown)}px`;
    this.#measure();
    if (anchor) this.#restore(anchor);
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
        mounted = { element: this.#make(row), print: row.print };
        this.#mounted.set(row.key, mounted);
        this.sizes.observe(mounted.element);
      }
      this.list.insertBefore(mounted.element, next);
    }
  }

  #measure() {
    let sum = 0;
    for (const [key, { element }] of this.#mounted) {
      const height = element.offsetHeight;
      this.#heights.set(key, height);
      sum += height;
    }
    if (this.#mounted.size > 10) this.#average = sum / this.#mounted.size;
  }

  #anchor() {
    const edge = this.scroller.getBoundingClientRect().top;
    for (const { element } of this.#mounted.values()) {
      const box = element.getBoundingClientRect();
      if (box.bottom > edge && element.dataset.key !== 'older') return { key: element.dataset.key, offset: box.top - edge };
    }
    return null;
  }

  #restore({ key, offset }) {
    const mounted = this.#mounted.get(key);
    if (!mounted) {
      const at = this.#rows.findIndex((row) => row.key === key);
      if (at < 0) return;
      this.scroller.scrollTop = this.#offset(at) - offset;
      return;
    }
    const now = mounted.element.getBoundingClientRect().top - this.scroller.getBoundingClientRect().top;
    if (Math.abs(now - offset) > 0.5) this.scroller.scrollTop += now - offset;
  }

  #offset(at) { return this.#rows.slice(0, at).reduce((sum, row) => sum + this.#height(row), 0); }

  #resized(entries) {
    if (entries.some(({ target }) => target === this.scroller)) { if (this.#atEnd) this.#toBottom(); this.#soon(); return; }
    // The anchor's place from before the change follows from the heights that were known until now.
    const anchor = this.#atEnd ? null : this.#anchor();
    let above = 0;
    for (const { target } of entries) {
      const key = target.dataset.key;
      const known = this.#heights.get(key);
      const height = target.offsetHeight;
      if (known !== undefined && height && known !== height) {
        if (anchor && this.#isBefore(key, anchor.key)) above += height - known;
        this.#heights.set(key, height);
      }
    }
    if (this.#atEnd) this.#toBottom(); else if (above) this.scroller.scrollTop += above;
  }

  #isBefore(one, other) {
    for (const key of [...this.list.children].map((child) => child.dataset.key)) {
      if (key === other) return false;
      if (key === one) return true;
    }
    return false;
  }

  #toBottom() { this.scroller.scrollTop = this.scroller.scrollHeight; }

  #scrolled() {
    const { scroller } = this;
    const left = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
    this.#atEnd = left < END_PX && this.below.offsetHeight < 1;
    if (this.#atEnd) this.#belowFrom = null;
    this.#tellEnd();
    this.#soon();
    if (scroller.scrollTop < OLDER_WITHIN_PX && this.timeline.hasOlder && !this.timeline.older) this.#older();
    if (this.#atEnd) this.dispatchEvent(new Event('end'));
  }

  async #older() {
    try {
      await this.timeline.loadOlder();
      this.draw();
      if (this.scroller.scrollTop < OLDER_WITHIN_PX && this.timeline.hasOlder) this.#older();
    } catch { /* Scrolling asks again. */ }
  }

  #countBelow() {
    this.#belowFrom ??= this.#rows.length - 1;
  }

  #tellEnd() {
    this.toEnd.hidden = this.#atEnd;
    const fresh = this.#belowFrom === null ? 0 : this.#rows.length - this.#belowFrom;
    fill(this.toEnd, icon('chevron'), fresh ? t('room.newBelow', { n: fresh }) : t('room.toEnd'));
    this.toEnd.classList.toggle('primary', fresh > 0);
  }

  get isAtEnd() { return this.#atEnd; }

  jumpToEnd() {
    this.#atEnd = true;
    this.#belowFrom = null;
    this.draw();
    this.#toBottom();
    this.#window();
    this.#toBottom();
  }

  #reveal(at, fromTop) {
    this.#atEnd = false;
    this.scroller.scrollTop = this.#offset(at) - fromTop;
    this.#window();
    const mounted = this.#mounted.get(this.#rows[at].key);
    if (mounted) this.scroller.scrollTop += mounted.element.getBoundingClientRect().top - this.scroller.getBoundingClientRect().top - fromTop;
    this.#scrolled();
    return mounted?.element;
  }

  /** Shows an event, reading history until it is there. */
  async goTo(index) {
    while (!this.timeline.find(index) && this.timeline.hasOlder) if (!await this.timeline.loadOlder()) break;
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
    const row = this.#rows.find((one) => one.key === current.dataset.key);
    if (!row?.item || row.letter || row.number !== undefined) return;
    const deed = { Enter: 'menu', ' ': 'menu', r: 'reply', e: 'edit' }[event.key];
    if (!deed || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    if (deed === 'edit' && !(this.store.features.edit && row.item.event.author === this.store.me.address)) return;
    this.deeds[deed](row.item, current);
  }

  #step(current, by) {
    const rows = this.#rows.filter((row) => row.kind === 'message');
    const at = current ? rows.findIndex((row) => row.key === current.dataset.key) : rows.length;
    const next = rows[Math.max(0, at + by)];
    if (!next) { this.dispatchEvent(new Event('compose')); return; }
    if (!this.#mounted.has(next.key)) this.#reveal(this.#rows.indexOf(next), 120);
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
