// Figures of the graphs and limits as people read them, beside what the shared table of formats has.

import { currentLanguage } from '../shared/i18n.js';

const made = new Map();
function format(kind, options) {
  const key = kind.name + JSON.stringify(options);
  if (!made.has(key)) made.set(key, new kind(currentLanguage(), options));
  return made.get(key);
}

/** The time of day with its seconds. */
export const clock = (at) => format(Intl.DateTimeFormat, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }).format(at);

/** Date and time with its seconds, for logs. */
export const precise = (at) => format(Intl.DateTimeFormat, { dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23' }).format(at);

/** A number with a digit behind the point only when it is small, shortened when it is large. */
export function figure(value) {
  const digits = Math.abs(value) < 10 && value !== 0 ? (Math.abs(value) < 0.1 ? 2 : 1) : 0;
  return format(Intl.NumberFormat, { maximumFractionDigits: digits, notation: value >= 10_000 ? 'compact' : 'standard' }).format(value);
}

/** Seconds as ms or s. */
export function seconds(value) {
  if (value === 0) return '0';
  return value < 1 ? `${figure(value * 1000)} ms` : `${figure(value)} s`;
}

/** Bytes in powers of two. */
export function bytes(value) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const at = value > 0 ? Math.min(units.length - 1, Math.floor(Math.log2(value) / 10)) : 0;
  return `${figure(value / 1024 ** at)} ${units[at]}`;
}

/** Milliseconds in the largest unit that fits. */
export function duration(ms) {
  const units = [['day', 86_400_000], ['hour', 3_600_000], ['minute', 60_000], ['second', 1000]];
  const [unit, size] = units.find(([, size]) => ms >= size) ?? ['millisecond', 1];
  return format(Intl.NumberFormat, { style: 'unit', unit, unitDisplay: 'long', maximumFractionDigits: 1 }).format(ms / size);
}
