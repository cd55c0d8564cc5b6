// The calendar of a room: a month, what happens in it, a date with its answers, other calendar software.

import { fill, h, icon } from '../shared/dom.js';
import { t } from '../shared/i18n.js';
import { ask, button, complain, copy, empty, failed, iconButton, loading, openDialog, openMenu } from '../shared/ui.js';
import { writeDate } from './date-form.js';
import { clockText, dayOf, daysOf, fullDay, midnightOf, monthGrid, monthText, onceOf, plusDays, ruleText, weekdays, whenText } from './dates.js';
import { byline } from './notes.js';
import { toolIsOff, turns } from './tools.js';
import { plain, words } from './words.js';

const DATES_MAX = 1_000;
const WEEK_MS = 7 * 86_400_000;
export const ANSWERS = ['yes', 'maybe', 'no'];

/** The tab. Returns {element, refresh(), open(index)}. */
export function calendarTab({ store, room: given }) {
  return new CalendarTab(store, given);
}

class CalendarTab {
  element = h('div', { class: 'tab-body' }, loading());
  #repeated = new Map();
  #shown;
  #ask = turns();

  constructor(store, given) {
    this.store = store;
    this.given = given;
    this.day = dayOf(Date.now());
    this.#goTo(this.day);
    this.list();
  }

  get room() { return this.store.rooms.get(this.given.id) ?? this.given; }
  path(index) { return `/rooms/${this.given.id}/calendar${index === undefined ? '' : `/${index}`}`; }
  get isOpen() { return this.room.writable && !toolIsOff(this.store, this.room, 'calendar'); }

  refresh() { return this.#shown === undefined ? this.list() : this.open(this.#shown); }

  #goTo(day) { [this.year, this.month] = [Number(day.slice(0, 4)), Number(day.slice(5, 7)) - 1]; }

  /** Shows the month. */
  async list() {
    this.#shown = undefined;
    const isLast = this.#ask();
    try {
      const dates = await this.#read();
      if (!isLast()) return;
      this.dates = dates;
      await this.#happenings();
      if (isLast()) this.#drawMonth();
    } catch (error) { if (isLast()) fill(this.element, failed(error, () => this.list())); }
  }

  async #read() {
    const dates = [];
    for (let before; dates.length < DATES_MAX;) {
      const page = await this.store.api.get(this.path(), { limit: 200, before });
      dates.push(...page.items);
      before = page.next;
      if (!before) break;
    }
    return dates;
  }

  /** What happens in the month's weeks, by day: [{date, occurrence}]. */
  async #happenings() {
    const days = monthGrid(this.year, this.month);
    const [from, to] = [midnightOf(days[0]) - WEEK_MS, midnightOf(days.at(-1)) + WEEK_MS];
    const all = await Promise.all(this.dates.map(async (date) => (await this.#times(date, from, to)).map((occurrence) => ({ date, occurrence }))));
    this.byDay = new Map();
    for (const one of all.flat()) for (const day of daysOf(one.date, one.occurrence)) this.byDay.set(day, [...(this.byDay.get(day) ?? []), one]);
    for (const list of this.byDay.values()) list.sort((a, b) => Boolean(b.date.days) - Boolean(a.date.days) || a.occurrence.start - b.occurrence.start);
  }

  async #times(date, from, to) {
    if (!date.repeats) return [onceOf(date)];
    const key = `${date.index} ${date.changed_at} ${from}`;
    if (!this.#repeated.has(key)) this.#repeated.set(key, (await this.store.api.get(`${this.path(date.index)}/occurrences`, { from: Math.max(0, from), to })).items);
    return this.#repeated.get(key);
  }

  async #turn(by) {
    const first = new Date(this.year, this.month + by, 1);
    this.#goTo(dayOf(first));
    const isThisMonth = dayOf(Date.now()).slice(0, 7) === dayOf(first).slice(0, 7);
    await this.#choose(by === 0 || isThisMonth ? dayOf(Date.now()) : dayOf(first));
  }

  async #choose(day) {
    this.day = day;
    this.#goTo(day);
    await this.#happenings().catch(complain);
    this.#drawMonth();
  }

  #drawMonth() {
    const { store, room } = this;
    const hadFocus = this.grid?.contains(document.activeElement);
    const more = iconButton('more', t('ui.more'), () => openMenu(more, [
      { label: t('calendar.subscribe'), icon: 'link', onPick: () => subscribe(store, this.path()) },
      { label: t('calendar.unsubscribe'), icon: 'unlink', danger: true, onPick: () => unsubscribe(store, this.path()) },
    ]), { class: 'small', aria: { label: t('ui.more'), haspopup: 'menu' } });
    const head = h('div', { class: 'row month-head' }, h('h2', { class: 'grow', aria: { live: 'polite' } }, monthText(this.year, this.month)),
      button(t('calendar.today'), { kind: 'small', onClick: () => { this.#goTo(dayOf(Date.now())); this.#choose(dayOf(Date.now())); } }),
      iconButton('back', t('calendar.before'), () => this.#turn(-1), { class: 'small' }), iconButton('forward', t('calendar.after'), () => this.#turn(1), { class: 'small' }), more);
    this.grid = this.#grid();
    fill(this.element, toolIsOff(store, room, 'calendar'), head, this.grid,
      this.isOpen && h('div', { class: 'tab-actions' }, button(t('calendar.new'), { icon: 'add', kind: 'small primary', onClick: () => writeDate(this, { day: this.day }) })), this.#agenda());
    if (hadFocus) this.grid.querySelector('[tabindex="0"]')?.focus();
  }

  #grid() {
    const days = monthGrid(this.year, this.month);
    const today = dayOf(Date.now());
    const rows = Array.from({ length: days.length / 7 }, (_, at) => days.slice(at * 7, at * 7 + 7));
    const grid = h('div', { class: 'month', role: 'grid', aria: { label: monthText(this.year, this.month) } },
      h('div', { role: 'row', class: 'month-row' }, weekdays().map(({ short, long }) => h('span', { role: 'columnheader', class: 'month-weekday', aria: { label: long } }, short))),
      rows.map((row) => h('div', { role: 'row', class: 'month-row' }, row.map((day) => this.#cell(day, today)))));
    grid.addEventListener('keydown', (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 }[event.key];
      if (by) { event.preventDefault(); this.#choose(plusDays(this.day, by)); }
      if (event.key === 'PageUp' || event.key === 'PageDown') { event.preventDefault(); this.#turn(event.key === 'PageUp' ? -1 : 1); }
    });
    return grid;
  }

  #cell(day, today) {
    const count = (this.byDay.get(day) ?? []).filter(({ date }) => !date.cancelled).length;
    const isChosen = day === this.day;
    const isOther = Number(day.slice(5, 7)) - 1 !== this.month;
    const label = `${fullDay(day)}${count ? `, ${t('calendar.count', { n: count })}` : ''}`;
    return h('div', { role: 'gridcell', aria: { selected: isChosen } },
      h('button', { type: 'button', class: ['month-day', isOther && 'other', day === today && 'today', isChosen && 'chosen'], tabIndex: isChosen ? 0 : -1, aria: { current: day === today ? 'date' : null }, on: { click: () => this.#choose(day) } },
        String(Number(day.slice(8))), h('span', { class: 'unseen' }, ` ${label}`), h('span', { class: 'dots' }, Array.from({ length: Math.min(count, 3) }, () => h('i')))));
  }

  /** The chosen day, and what comes after it in this month. */
  #agenda() {
    const last = dayOf(new Date(this.year, this.month + 1, 0));
    const coming = [...this.byDay.keys()].filter((day) => day > this.day && day <= last).sort();
    const group = (day) => h('section', { class: 'agenda-day' }, h('h3', {}, fullDay(day)), h('ul', { class: 'item-list' }, (this.byDay.get(day) ?? []).map((one) => h('li', {}, this.#row(one)))));
    const chosen = this.byDay.has(this.day) ? group(this.day) : h('section', { class: 'agenda-day' }, h('h3', {}, fullDay(this.day)), h('p', { class: 'faint' }, t('calendar.nothing')));
    return h('div', { class: 'agenda' }, chosen, coming.map(group), !this.dates.length && empty('calendar', t('calendar.none'), t('calendar.noneText')));
  }

  #row({ date, occurrence }) {
    const mine = date.answers.find((one) => one.address === this.store.me.address)?.answer;
    const coming = date.answers.filter((one) => one.answer === 'yes').length;
    const facts = [clockText(date, occurrence), plain(date.place), date.cancelled ? t('calendar.cancelled') : coming > 0 && t('calendar.coming', { n: coming })].filter(Boolean).join(' · ');
    return h('button', { class: ['item-row', date.cancelled && 'cancelled'], type: 'button', on: { click: () => this.open(date.index) } },
      icon('calendar'), h('span', { class: 'grow person-text' }, h('bdi', { class: 'item-title' }, plain(date.title)), h('span', { class: 'faint' }, facts)),
      mine && !date.cancelled && h('span', { class: ['badge', { yes: 'good', no: 'bad', maybe: 'warn' }[mine]] }, t(`calendar.answer.${mine}`)));
  }

  /** Shows a date. */
  async open(index) {
    this.#shown = index;
    const isLast = this.#ask();
    try {
      const date = await this.store.api.get(this.path(index));
      if (isLast()) this.#drawDate(date);
    } catch (error) {
      if (!isLast()) return;
      if (error.status === 404) this.list(); else fill(this.element, failed(error, () => this.open(index)));
    }
  }

  #drawDate(date) {
    const { store, room, isOpen } = this;
    const mayChange = isOpen && !date.cancelled && (date.author === store.me.address || room.you?.role === 'master');
    const ics = h('a', { class: 'button small', href: `/api/v1${this.path(date.index)}/event.ics`, download: 'event.ics' }, icon('download'), t('calendar.export'));
    const focused = this.element.contains(document.activeElement) && document.activeElement.dataset.answer;
    fill(this.element,
      h('div', { class: 'row tab-top' }, button(t('calendar.all'), { icon: 'back', kind: 'plain small', onClick: () => { const [day] = daysOf(date, onceOf(date)); this.day = date.repeats ? this.day : day; this.#goTo(this.day); this.list(); } })),
      h('article', { class: ['item-full', date.cancelled && 'cancelled'] },
        h('h2', {}, h('bdi', {}, plain(date.title))), date.cancelled && h('p', {}, h('span', { class: 'badge bad' }, t('calendar.cancelled'))),
        h('dl', { class: 'facts' }, fact('clock', t('calendar.when'), whenText(date)), date.repeats && fact('refresh', t('calendar.repeats'), ruleText(date.repeats)), date.place && fact('pin', t('calendar.place'), plain(date.place)),
          date.reminder_minutes !== undefined && fact('bell', t('calendar.reminder'), t('calendar.minutesBefore', { n: date.reminder_minutes }))),
        byline(store, date.author, date.made_at), date.text && words(date.text)),
      !date.cancelled && this.#answers(date, isOpen),
      h('div', { class: 'deeds' }, ics, mayChange && button(t('ui.edit'), { icon: 'edit', kind: 'small', onClick: () => writeDate(this, { date }) }),
        mayChange && button(t('calendar.cancel'), { icon: 'trash', kind: 'small danger', onClick: () => this.#cancel(date) })));
    if (focused) this.element.querySelector(`[data-answer="${focused}"]`)?.focus();
  }

  #answers(date, isOpen) {
    const { store } = this;
    const mine = date.answers.find((one) => one.address === store.me.address)?.answer;
    const choose = (answer) => store.api.put(`${this.path(date.index)}/answer`, { answer }).then(() => this.open(date.index), complain);
    const people = ANSWERS.map((answer) => [answer, date.answers.filter((one) => one.answer === answer)]).filter(([, list]) => list.length);
    return h('section', { class: 'answers' }, h('h2', { class: 'group-title' }, t('calendar.doYouCome')),
      isOpen && h('div', { class: 'choice', role: 'group', aria: { label: t('calendar.doYouCome') } }, ANSWERS.map((answer) => h('button', { type: 'button', class: 'button small', data: { answer }, aria: { pressed: mine === answer }, on: { click: () => choose(answer) } }, t(`calendar.answer.${answer}`)))),
      people.map(([answer, list]) => h('p', { class: 'soft' }, h('strong', {}, t(`calendar.answer.${answer}`), ' · ', String(list.length)), ' ', list.map((one) => store.nameOf(one.address)).join(', '))));
  }

  async #cancel(date) {
    if (!await ask(t('calendar.cancel'), t('calendar.cancelAsk', { title: plain(date.title) }), { yes: t('calendar.cancel'), danger: true })) return;
    await this.store.api.delete(this.path(date.index)).then(() => this.open(date.index), complain);
  }
}

const fact = (drawing, name, text) => h('div', {}, h('dt', {}, icon(drawing), h('span', { class: 'unseen' }, name)), h('dd', {}, text));

/** Opens a feed and shows its address once. */
async function subscribe(store, path) {
  try {
    const feed = await store.api.post(`${path}/feed`);
    const url = location.origin + feed.path;
    await openDialog(t('calendar.subscribe'), (dialog) => ({
      body: [h('p', {}, t('calendar.feedText')), h('input', { class: 'input mono', readOnly: true, value: url, aria: { label: t('calendar.feedAddress') }, on: { focus: (event) => event.target.select() } }), h('p', { class: 'faint' }, t('calendar.feedSecret'))],
      footer: [button(t('ui.copy'), { icon: 'copy', onClick: () => copy(url).catch(complain) }), button(t('ui.close'), { kind: 'primary', onClick: () => dialog.close('') })],
    }));
  } catch (error) { complain(error); }
}

async function unsubscribe(store, path) {
  if (!await ask(t('calendar.unsubscribe'), t('calendar.unsubscribeAsk'), { yes: t('calendar.unsubscribe'), danger: true })) return;
  await store.api.delete(`${path}/feed`).catch(complain);
}
