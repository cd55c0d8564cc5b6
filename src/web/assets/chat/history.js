// What a message said before its edits.

import { fill, h } from '../shared/dom.js';
import { dateTime, t } from '../shared/i18n.js';
import { failed, loading, openDialog } from '../shared/ui.js';
import { words } from './words.js';

const PAGES_MAX = 20;

/** The edits of a message, oldest first: those that are known here, or else read from the room's timeline. */
async function edits(store, room, item, known) {
  if (known.length >= item.now.edited.count) return known;
  const found = [];
  let after = item.index;
  for (let pages = 0; pages < PAGES_MAX && after !== undefined && found.length < item.now.edited.count; pages++) {
    const page = await store.api.get(`/rooms/${room}/messages`, { after, limit: 200 });
    found.push(...page.items.filter((one) => one.target === item.index && one.event.kind === 'edit'));
    after = page.next_after;
  }
  return found;
}

/** Shows all versions, the newest first. */
export function showHistory(store, room, item, known) {
  return openDialog(t('history.title'), () => {
    const list = h('ol', { class: 'versions' }, loading());
    const read = () => edits(store, room, item, known).then((found) => {
      const versions = [item.event, ...found.map((one) => one.event)].reverse();
      fill(list, versions.map((event, at) => h('li', {}, h('p', { class: 'faint' }, dateTime(event.made_at), at === 0 && ` · ${t('history.now')}`, at === versions.length - 1 && ` · ${t('history.first')}`), words(event.text ?? ''))));
    }, (error) => fill(list, failed(error, read)));
    read();
    return [h('p', { class: 'soft' }, t('history.text')), list];
  });
}
