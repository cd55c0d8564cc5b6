// Rooms with partners: how many, who is in them, who was excluded. Never what is said.

import { fill, h } from '../../shared/dom.js';
import { date, number, t } from '../../shared/i18n.js';
import { empty, failed, loading } from '../../shared/ui.js';
import { exactTime, heading, mark, panel } from '../draw.js';
import { entryList } from '../entries.js';
import { total } from '../metrics.js';

const COLUMNS = [['rooms.direct', 'direct_rooms'], ['rooms.groups', 'groups'], ['rooms.ours', 'people_ours'], ['rooms.theirs', 'people_theirs']];

function table(counted) {
  return h('table', { class: 'table stacking' },
    h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, t('rooms.partner')), COLUMNS.map(([key]) => h('th', { scope: 'col', class: 'number' }, t(key))))),
    h('tbody', {}, counted.map(([peer, counts]) => h('tr', {}, h('th', { scope: 'row' }, h('a', { href: `#/partners/${peer.peer}` }, peer.org_name), h('span', { class: 'faint' }, ` ${peer.peer}`)),
      COLUMNS.map(([key, name]) => h('td', { class: 'number', data: { label: t(key) } }, number(counts[name])))))));
}

const FOUND_MAX = 200;
const DETAILS = ['rooms.room', 'rooms.partner', 'rooms.ours', 'rooms.theirs', 'rooms.events', 'rooms.made'];

/** People, the masters marked. */
function people(room, members) {
  return members.map((address, at) => [at > 0 && ', ', h('bdi', {}, address), room.masters.includes(address) && h('span', { class: 'faint' }, ` (${t('rooms.master')})`)]);
}

/** One room: who is in it and how much was said, never what. */
function roomRow(room) {
  const name = room.name ?? t('rooms.kind.direct');
  const cells = [room.peer, people(room, room.members_ours), people(room, room.members_theirs), number(room.events), exactTime(room.created_at, date(room.created_at))];
  return h('tr', {},
    h('th', { scope: 'row' }, h('bdi', {}, name), room.frozen && [' ', mark('bad', t('rooms.frozen'))], h('div', { class: 'faint whole' }, h('a', { href: `#/audit?subject=${room.id}` }, t('rooms.audit')))),
    cells.map((cell, at) => h('td', { class: [at === 3 && 'number', (at === 0 || at === 4) && 'whole'], data: { label: t(DETAILS[at + 1]) } }, cell)));
}

/** All rooms, found by name, person or partner. */
function roomList(rooms) {
  const body = h('tbody');
  const more = h('p', { class: 'faint', role: 'status' });
  const search = h('input', { class: 'input', type: 'search', placeholder: t('rooms.find'), aria: { label: t('rooms.find') }, on: { input: () => draw() } });
  const draw = () => {
    const wanted = search.value.trim().toLowerCase();
    const found = rooms.filter((room) => [room.name ?? '', room.peer, room.id, ...room.members_ours, ...room.members_theirs].some((text) => text.toLowerCase().includes(wanted)));
    fill(body, found.slice(0, FOUND_MAX).map(roomRow));
    fill(more, found.length ? found.length > FOUND_MAX && t('rooms.more', { count: found.length - FOUND_MAX }) : t('rooms.none_found'));
  };
  draw();
  return [search, h('table', { class: 'table stacking' }, h('thead', {}, h('tr', {}, DETAILS.map((key, at) => h('th', { scope: 'col', class: at === 4 && 'number' }, t(key))))), body), more];
}

/** The view. */
export function rooms(app) {
  const place = h('div', {}, loading());
  const list = h('div', { class: 'stack' }, loading());
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
  const readList = async () => {
    try {
      const rooms = await app.admin.rooms();
      fill(list, rooms.length ? roomList(rooms) : h('p', { class: 'soft' }, t('rooms.empty.detail')));
    } catch (problem) { fill(list, failed(problem, readList)); }
  };
  read();
  readList();
  readActs();
  return { title: t('rooms.title'), element: h('div', { class: 'view' }, heading(t('rooms.title'), t('rooms.lead', { org: app.live.status?.org ?? '' })), panel(null, place), panel(t('rooms.list'), h('p', { class: 'soft' }, t('rooms.list.lead')), list), panel(t('rooms.acts'), h('p', { class: 'soft' }, t('rooms.acts.lead')), acts)) };
}
