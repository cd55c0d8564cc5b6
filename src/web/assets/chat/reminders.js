// Reminders of dates: each is shown once on this device when its time has come, in the page and by the browser.

import { t } from '../shared/i18n.js';
import { toast } from '../shared/ui.js';
import { DAY_MS, dateAndTime, midnightOf, onceOf, utcDayOf } from './dates.js';
import { plain } from './words.js';

const KEY = 'handclasp.reminded';
const KEPT_MAX = 200;
/** The earliest reminder is four weeks ahead; the next look comes long before the rest of this time has passed. */
const AHEAD_MS = 30 * DAY_MS;
const LOOK_MS = 3_600_000;
const AT_ONCE = 2;

export class Reminders {
  /** By room: {key, at, start, title, path}. */
  #due = new Map();
  #offs = [];

  /** `show({title, text, path, tag})` tells the person beside the page. */
  constructor(store, app, show) {
    this.store = store;
    this.app = app;
    this.show = show;
  }

  start() {
    const { store } = this;
    const read = (room) => this.#read(room).catch(() => {});
    const isDate = ({ event }) => event.kind.startsWith('date');
    this.#offs = [store.on('arrived', ({ room, items }) => { if (items.some(isDate)) read(room); }), store.on('reset', () => this.#readAll(read))];
    this.#readAll(read);
  }

  stop() {
    this.#offs.forEach((off) => off());
    clearTimeout(this.timer);
  }

  async #readAll(read) {
    const queue = [...this.store.rooms.values()].filter((room) => room.tools?.some(({ tool }) => tool === 'calendar')).map(({ id }) => id);
    const work = async () => { for (let room; (room = queue.shift());) await read(room); };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }

  async #read(room) {
    const { api } = this.store;
    const { items } = await api.get(`/rooms/${room}/calendar`, { limit: 200 });
    const now = Date.now();
    const found = [];
    for (const date of items) {
      if (date.cancelled || date.reminder_minutes === undefined || date.reminder_minutes === null) continue;
      const times = date.repeats ? (await api.get(`/rooms/${room}/calendar/${date.index}/occurrences`, { from: now - DAY_MS, to: now + AHEAD_MS })).items : [onceOf(date)];
      for (const occurrence of times) {
        const start = date.days ? midnightOf(utcDayOf(occurrence.start)) : occurrence.start;
        if (start <= now || start > now + AHEAD_MS) continue;
        found.push({ key: `${room} ${date.index} ${start}`, at: start - date.reminder_minutes * 60_000, start, isDay: Boolean(date.days), title: plain(date.title), path: `/rooms/${room}#date-${date.index}` });
      }
    }
    this.#due.set(room, found);
    this.#look();
  }

  #look() {
    const now = Date.now();
    const shown = new Set(JSON.parse(localStorage.getItem(KEY) ?? '[]'));
    const waiting = [...this.#due.values()].flat().filter((one) => !shown.has(one.key) && one.start > now);
    for (const one of waiting.filter(({ at }) => at <= now)) {
      shown.add(one.key);
      this.#remind(one);
    }
    localStorage.setItem(KEY, JSON.stringify([...shown].slice(-KEPT_MAX)));
    const next = Math.min(...waiting.filter(({ at }) => at > now).map(({ at }) => at), now + LOOK_MS);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#look(), next - now);
  }

  #remind({ title, start, isDay, path, key }) {
    const text = t('reminder.text', { title, when: dateAndTime(start, isDay) });
    toast(text, { title: t('reminder.title'), forMs: 60_000, action: { label: t('ui.open'), onPick: () => this.app.go(path) } });
    this.show({ title: t('reminder.title'), text, path, tag: key });
  }
}
