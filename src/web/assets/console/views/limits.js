// Every maximum that can refuse something, and how near one is to those that fill up.

import { fill, h } from '../../shared/dom.js';
import { number, t } from '../../shared/i18n.js';
import { failed, loading } from '../../shared/ui.js';
import { heading, panel } from '../draw.js';
import { bytes, duration } from '../format.js';

const QUEUE = 'queued_records';

/** A maximum with its unit. */
function maximum({ max, unit }) {
  if (unit === 'bytes') return bytes(max);
  return unit === 'ms' ? duration(max) : `${number(max)} ${unit}`;
}

function meter(label, used, max) {
  const value = t('limits.of', { used: number(used), max: number(max) });
  const bar = h('progress', { value: used, max, aria: { label } });
  return h('div', { class: ['meter', used / max > 0.8 ? 'warn' : ''] }, h('div', { class: 'row' }, h('span', { class: 'grow' }, label), h('b', {}, value)), bar);
}

/** The view. */
export function limits(app) {
  const used = h('div', { class: 'stack' });
  const place = h('div', {}, loading());
  let known;
  const update = () => {
    const peers = app.live.status?.peers ?? [];
    const queue = known?.find((limit) => limit.name === QUEUE);
    if (queue) fill(used, peers.length ? peers.map((peer) => meter(t('limits.queue', { name: peer.org_name }), peer.lag_records, queue.max)) : h('p', { class: 'soft' }, t('limits.none_used')), h('p', { class: 'faint' }, t('limits.queue.hint')));
  };
  const read = async () => {
    if (!app.offers('/limits')) return fill(place, h('p', { class: 'soft' }, t('limits.not_offered')));
    try {
      known = (await app.admin.limits()).items;
      fill(place, h('table', { class: 'table' }, h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, t('limits.name')), h('th', { scope: 'col', class: 'number' }, t('limits.max')))),
        h('tbody', {}, known.map((limit) => h('tr', {}, h('th', { scope: 'row' }, limit.what), h('td', { class: 'number nowrap' }, maximum(limit)))))));
      update();
    } catch (problem) {
      fill(place, failed(problem, read));
    }
    return undefined;
  };
  read();
  const first = panel(t('limits.used'), used);
  first.hidden = !app.offers('/limits');
  return { title: t('limits.title'), element: h('div', { class: 'view' }, heading(t('limits.title'), t('limits.lead')), first, panel(t('limits.all'), place)), update };
}
