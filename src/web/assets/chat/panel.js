// The panel beside a room, in tabs: what the room is, its notes, its calendar, its folder.

import { fill, h } from '../shared/dom.js';
import { t } from '../shared/i18n.js';
import { iconButton, uid } from '../shared/ui.js';
import { calendarTab } from './calendar.js';
import { detailsTab } from './details.js';
import { folderTab } from './folder.js';
import { notesTab } from './notes.js';

/** Each tab: what makes it, whether a room has it, and which topic of the store changes it. */
const TABS = {
  details: { make: detailsTab, has: () => true },
  notes: { make: notesTab, has: (store, room) => room.kind !== 'internal' || hasTool(room, 'note') },
  calendar: { make: calendarTab, has: (store, room) => room.kind !== 'internal' || hasTool(room, 'calendar') },
  folder: { make: folderTab, has: (store) => store.features.folder },
};

const hasTool = (room, tool) => (room.tools ?? []).some((one) => one.tool === tool);

class Panel extends HTMLElement {
  #offs = [];
  #tabs = new Map();

  connectedCallback() {
    this.className = 'panel';
    this.setAttribute('role', 'complementary');
    this.setAttribute('aria-label', t('panel.title'));
    const { store, room } = this;
    this.id = uid('panel');
    this.heads = h('div', { class: 'tabs', role: 'tablist', aria: { label: t('panel.title') } });
    this.body = h('div', { class: 'panel-body', role: 'tabpanel', id: `${this.id}-body`, tabIndex: -1 });
    fill(this, h('header', { class: 'main-head panel-head' }, this.heads, iconButton('close', t('ui.close'), this.onClose)), this.body);
    this.addEventListener('keydown', (event) => this.#key(event));
    const anew = (name) => () => this.#tabs.get(name)?.refresh();
    this.#offs = [store.on(`room:${room.id}`, () => this.#roomChanged()), store.on('names', anew('details')), store.on('contacts', anew('details')), store.on('presence', anew('details')),
      store.on(`notes:${room.id}`, anew('notes')), store.on(`calendar:${room.id}`, anew('calendar')), store.on(`folder:${room.id}`, anew('folder'))];
    this.#drawHeads();
    this.show(this.wanted ?? 'details', this.wantedIndex);
  }

  /** What one has read of a room changes nothing here. */
  #roomChanged() {
    const { unread, read_index, next_index, last_event_at, ...rest } = this.store.rooms.get(this.room.id) ?? {};
    const print = JSON.stringify(rest);
    if (print === this.print) return;
    this.print = print;
    for (const tab of this.#tabs.values()) tab.refresh();
  }

  disconnectedCallback() { this.#offs.forEach((off) => off()); }

  #drawHeads() {
    const { store, room } = this;
    const names = Object.keys(TABS).filter((name) => TABS[name].has(store, room));
    fill(this.heads, names.map((name) => h('button', { type: 'button', role: 'tab', class: 'tab', id: `${this.id}-${name}`, data: { tab: name }, aria: { controls: `${this.id}-body` }, on: { click: () => this.show(name) } },
      t(`panel.tab.${name}`))));
  }

  /** Shows a tab, and in it the item of this index. */
  show(name, index) {
    const { store, app, room } = this;
    const chosen = TABS[name] ? name : 'details';
    if (this.chosen !== chosen) {
      this.chosen = chosen;
      if (!this.#tabs.has(chosen)) this.#tabs.set(chosen, TABS[chosen].make({ store, app, room }));
      fill(this.body, this.#tabs.get(chosen).element);
      this.body.setAttribute('aria-labelledby', `${this.id}-${chosen}`);
      for (const tab of this.heads.children) {
        const isChosen = tab.dataset.tab === chosen;
        tab.setAttribute('aria-selected', String(isChosen));
        tab.tabIndex = isChosen ? 0 : -1;
      }
      localStorage.setItem('handclasp.tab', chosen);
    }
    if (index !== undefined) this.#tabs.get(chosen).open?.(index);
  }

  focusTab() { this.heads.querySelector('[aria-selected="true"]')?.focus(); }

  #key(event) {
    if (event.key === 'Escape') { event.stopPropagation(); this.onClose(); return; }
    if (!event.target.matches('[role=tab]')) return;
    const tabs = [...this.heads.children];
    const at = tabs.indexOf(event.target);
    const go = { ArrowRight: at + 1, ArrowLeft: at - 1 + tabs.length, Home: 0, End: tabs.length - 1 }[event.key];
    if (go === undefined) return;
    event.preventDefault();
    const tab = tabs[go % tabs.length];
    this.show(tab.dataset.tab);
    tab.focus();
  }
}

customElements.define('hc-panel', Panel);
