// Entries of the audit log in words.

import { h } from '../shared/dom.js';
import { has, t } from '../shared/i18n.js';
import { agoTime } from './draw.js';

/** What was done, in words where the console knows them. */
export const actionText = (action) => (has(`act.${action}`) ? t(`act.${action}`) : action);

/** Tone of an entry: refusals and endings stand out. */
export function entryTone(entry) {
  if (/quarantined|frozen|unacceptable|void/.test(entry.action)) return 'bad';
  if (/revoked|closed|excluded|refused|unpinned/.test(entry.action) || entry.code) return 'warn';
  return /given|opened|lifted|pinned|confirmed/.test(entry.action) ? 'good' : 'idle';
}

/** A short list, newest first. */
export function entryList(entries) {
  if (!entries.length) return h('p', { class: 'soft' }, t('app.none'));
  return h('ul', { class: 'entries' }, entries.map((entry) => h('li', {}, h('span', { class: ['dot-mark', entryTone(entry)] }),
    h('div', { class: 'grow' }, h('p', {}, h('b', {}, entry.actor), ' ', actionText(entry.action), ' ', h('span', { class: 'mono' }, entry.subject), entry.code && [' ', h('span', { class: 'badge warn' }, entry.code)]),
      entry.detail && h('p', { class: 'faint' }, entry.detail)), h('span', { class: 'faint' }, agoTime(entry.at)))));
}
