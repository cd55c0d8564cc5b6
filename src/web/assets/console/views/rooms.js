// Rooms with partners: how many, who is in them, who was excluded. Never what is said.

import { fill, h } from '../../shared/dom.js';
import { number, t } from '../../shared/i18n.js';
import { empty, failed, loading } from '../../shared/ui.js';
import { heading, panel } from '../draw.js';
import { entryList } from '../entries.js';
import { total } from '../metrics.js';

const COLUMNS = [['rooms.direct', 'direct_rooms'], ['rooms.groups', 'groups'], ['rooms.ours', 'people_ours'], ['rooms.theirs', 'people_theirs']];

function table(counted) {
  return h('table', { class: 'table stacking' },
    h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, t('rooms.partner')), COLUMNS.map(([key]) => h('th', { scope: 'col', class: 'number' }, t(key))))),
    h('tbody', {}, counted.map(([peer, counts]) => h('tr', {}, h('th', { scope: 'row' }, h('a', { href: `#/partners/${peer.peer}` }, peer.org_name), h('span', { class: 'faint' }, ` ${peer.peer}`)),
      COLUMNS.map(([key, name]) => h('td', { class: 'number', data: { label: t(key) } }, number(counts[name])))))));
}

/** The view. */
export function rooms(app) {
  const place = h('div', {}, loading());
  const acts = h('div', {}, loading());
  const read = async () => {
    try {
      const { peers } = await app.admin.status();
      const counted = await Promise.all(peers.map(async (peer) => [peer, await app.admin.consequences(peer.peer)]));
      const metrics = app.live.samples.latest?.metrics;
      const all = metrics && total(metrics, 'handclasp_rooms');
      const isAny = counted.some(([, counts]) => counts.direct_rooms + counts.groups > 0);
      fill(place, isAny ? table(counted) : empty('chat', t('rooms.empty'), t('rooms.empty.detail')), all !== undefined && h('p', { class: 'faint' }, t('rooms.total', { count: all })));
    } catch (problem) {
      fill(place, failed(problem, read));
    }
  };
  const readActs = () => app.admin.audit({ action: 'member', limit: 20 }).then(
    (page) => fill(acts, page.items.length ? entryList(page.items) : h('p', { class: 'soft' }, t('rooms.acts.empty'))),
    (problem) => fill(acts, failed(problem, readActs)));
  read();
  readActs();
  return { title: t('rooms.title'), element: h('div', { class: 'view' }, heading(t('rooms.title'), t('rooms.lead', { org: app.live.status?.org ?? '' })), panel(null, place), panel(t('rooms.acts'), h('p', { class: 'soft' }, t('rooms.acts.lead')), acts)) };
}
