// Dates of a calendar as numbers and words: instants of wall clocks, occurrences, months, rules of recurrence.

import { currentLanguage, date as dayText, dateTime, has, t } from '../shared/i18n.js';

export const DAY_MS = 86_400_000;

/** The zone of this device. */
export const ownZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

const clocks = new Map();
function clockOf(zone) {
  if (!clocks.has(zone)) {
    const options = { hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' };
    let clock;
    // A zone that this browser does not know is shown in UTC rather than not at all.
    try { clock = new Intl.DateTimeFormat('en-US', { ...options, timeZone: zone }); } catch { clock = new Intl.DateTimeFormat('en-US', { ...options, timeZone: 'UTC' }); }
    clocks.set(zone, clock);
  }
  return clocks.get(zone);
}

function offsetAt(instant, zone) {
  const parts = Object.fromEntries(clockOf(zone).formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute, parts.second) - instant;
}

/** When the clocks of a zone show `2026-01-31T17:30`. */
export function instantOf(wall, zone) {
  const asUtc = Date.parse(`${wall.slice(0, 16)}:00Z`);
  const near = asUtc - offsetAt(asUtc, zone);
  return asUtc - offsetAt(near, zone);
}

const pad = (number) => String(number).padStart(2, '0');
/** `2026-01-31` of a local time. */
export const dayOf = (at) => { const day = new Date(at); return `${day.getFullYear()}-${pad(day.getMonth() + 1)}-${pad(day.getDate())}`; };
/** `17:30` of a local time. */
export const timeOf = (at) => { const time = new Date(at); return `${pad(time.getHours())}:${pad(time.getMinutes())}`; };
/** A local midnight. */
export const midnightOf = (day) => new Date(`${day}T00:00`).getTime();
/** `2026-01-31` of a time in UTC. */
export const utcDayOf = (at) => new Date(at).toISOString().slice(0, 10);
/** When something begins, in words: the day alone where it lasts whole days. */
export const dateAndTime = (at, isDay) => (isDay ? dayText(at) : dateTime(at));

/** The day after, or as many days later. */
export function plusDays(day, count) {
  const at = new Date(`${day}T12:00`);
  at.setDate(at.getDate() + count);
  return dayOf(at);
}

/** The one time of a date that does not repeat: {start, end}, as the daemon tells occurrences. */
export function onceOf({ days, times }) {
  if (days) return { start: Date.parse(`${days.first}T00:00Z`), end: Date.parse(`${days.last}T00:00Z`) + DAY_MS };
  return { start: instantOf(times.start, times.zone), end: instantOf(times.end, times.zone) };
}

/** The days that an occurrence covers here: whole days are the same everywhere, times are of this device's clocks. */
export function daysOf(date, { start, end }) {
  const first = date.days ? utcDayOf(start) : dayOf(start);
  const last = date.days ? utcDayOf(end - 1) : dayOf(Math.max(start, end - 1));
  const days = [first];
  while (days.at(-1) < last && days.length < 62) days.push(plusDays(days.at(-1), 1));
  return days;
}

const range = (options) => new Intl.DateTimeFormat(currentLanguage(), options);

/** An occurrence in words. */
export function occurrenceText(date, { start, end }) {
  if (date.days) return start + DAY_MS >= end ? range({ dateStyle: 'full', timeZone: 'UTC' }).format(start) : range({ dateStyle: 'medium', timeZone: 'UTC' }).formatRange(start, end - 1);
  return range({ dateStyle: 'medium', timeStyle: 'short' }).formatRange(start, end);
}

/** Its time of day only. */
export const clockText = (date, { start, end }) => (date.days ? t('calendar.allDay') : range({ hour: 'numeric', minute: '2-digit' }).formatRange(start, end));

/** A month's name, and the names of the days of a week. */
export const monthText = (year, month) => range({ year: 'numeric', month: 'long' }).format(new Date(year, month, 1));
export const fullDay = (day) => range({ dateStyle: 'full' }).format(midnightOf(day));

/** The first day of a week here, 0 for Sunday. */
export function firstWeekday() {
  const locale = new Intl.Locale(navigator.language || currentLanguage());
  const info = locale.getWeekInfo?.() ?? locale.weekInfo;
  return (info?.firstDay ?? 1) % 7;
}

export function weekdays() {
  const first = firstWeekday();
  // The fourth of January 2026 is a Sunday.
  return Array.from({ length: 7 }, (_, at) => new Date(2026, 0, 4 + first + at)).map((day) => ({ short: range({ weekday: 'narrow' }).format(day), long: range({ weekday: 'long' }).format(day) }));
}

/** The days of the weeks that a month touches. */
export function monthGrid(year, month) {
  const first = new Date(year, month, 1);
  const lead = (first.getDay() - firstWeekday() + 7) % 7;
  const begin = plusDays(dayOf(first), -lead);
  const weeks = Math.ceil((lead + new Date(year, month + 1, 0).getDate()) / 7);
  return Array.from({ length: weeks * 7 }, (_, at) => plusDays(begin, at));
}

/** What one can choose, and the rule that it stands for. */
export const RULES = { none: null, daily: 'FREQ=DAILY', workdays: 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR', weekly: 'FREQ=WEEKLY', fortnightly: 'FREQ=WEEKLY;INTERVAL=2', monthly: 'FREQ=MONTHLY', yearly: 'FREQ=YEARLY' };

/** A rule as {name, until}: `name` of the choices above, or `other` for one that was made elsewhere. */
export function readRule(rule) {
  if (!rule) return { name: 'none', until: '' };
  const until = /;UNTIL=(\d{4})(\d{2})(\d{2})(?:T\d{6}Z?)?/.exec(rule);
  const bare = rule.replace(/;UNTIL=[^;]*/, '');
  const name = Object.keys(RULES).find((one) => RULES[one] === bare) ?? 'other';
  return { name, until: until ? `${until[1]}-${until[2]}-${until[3]}` : '' };
}

/** The rule of a choice. */
export const writeRule = ({ name, until }) => (RULES[name] ? RULES[name] + (until ? `;UNTIL=${until.replaceAll('-', '')}T235959Z` : '') : undefined);

/** A rule in words. */
export function ruleText(rule) {
  const { name, until } = readRule(rule);
  const words = has(`calendar.rule.${name}`) ? t(`calendar.rule.${name}`) : rule;
  return name === 'other' ? rule : until ? t('calendar.ruleUntil', { rule: words, day: dayText(midnightOf(until)) }) : words;
}

/** When a date is, in words, with its zone when that is another one. */
export function whenText(date) {
  const text = occurrenceText(date, onceOf(date));
  return date.times && date.times.zone !== ownZone() ? `${text} · ${date.times.zone}: ${dateTime(Date.parse(`${date.times.start}:00`))}` : text;
}
