// What stands between the messages of people: what happened to the room, notes and dates that were posted.

import { h, icon } from '../shared/dom.js';
import { clock, dateTime, t } from '../shared/i18n.js';
import { whenText } from './dates.js';
import { describeEvent } from './message.js';
import { plain } from './words.js';

/** A note or date as the acts since have left it, as far as they are read. */
export function itemNow(item, acts = []) {
  const now = { ...item.event, comments: 0 };
  for (const { event } of acts) {
    if (event.kind === 'note_edit' || event.kind === 'date_change') Object.assign(now, { days: undefined, times: undefined, repeats: undefined, place: undefined }, event, { kind: item.event.kind, author: item.event.author });
    else if (event.kind === 'note_comment') now.comments += 1;
    else if (event.kind === 'date_cancel') now.cancelled = true;
  }
  return now;
}

/** A row of the timeline that is no message. */
export function eventRow(store, item, deeds) {
  const { kind } = item.event;
  if ((kind === 'note' || kind === 'date') && item.event.title && !item.now?.recalled) return itemCard(store, item, deeds);
  const call = kind === 'call' && icon(item.event.outcome === 'answered' ? (item.event.medium === 'video' ? 'video' : 'phone') : 'hangUp');
  return h('div', { class: ['row-event', call && 'row-call'] }, call, h('span', {}, describeEvent(store, item)), ' ', h('time', { class: 'faint', title: dateTime(item.at) }, clock(item.at)));
}

function itemCard(store, item, deeds) {
  const { event } = item;
  const now = itemNow(item, deeds.actsOf(item.index));
  const isDate = event.kind === 'date';
  const facts = isDate ? [now.cancelled ? t('calendar.cancelled') : whenText(now), plain(now.place)] : [now.comments > 0 && t('notes.comments', { n: now.comments })];
  return h('div', { class: 'row-card' },
    h('p', { class: 'faint' }, describeEvent(store, item), ' ', h('time', { title: dateTime(item.at) }, clock(item.at))),
    h('button', { class: ['item-card', now.cancelled && 'cancelled'], type: 'button', on: { click: () => deeds.openItem(isDate ? 'calendar' : 'notes', item.index) } },
      icon(isDate ? 'calendar' : 'note'),
      h('span', { class: 'grow person-text' }, h('bdi', { class: 'item-title' }, plain(now.title)),
        !isDate && now.text && h('bdi', { class: 'faint clip' }, plain(now.text.slice(0, 160).replace(/\s+/g, ' '))), h('span', { class: 'faint' }, facts.filter(Boolean).join(' · ')))));
}
