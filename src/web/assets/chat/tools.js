// Which tools a room has, why one is not there, and what they read last.

import { h, icon } from '../shared/dom.js';
import { t } from '../shared/i18n.js';

/** Nothing when a tool (`note`, `calendar`, `folder`) can be used; else a banner that says who can change it. */
export function toolIsOff(store, room, tool) {
  const known = room.tools?.find((one) => one.tool === tool);
  if (!known || known.on) return null;
  const isMasters = known.off_by === 'masters' || !known.off_by;
  const text = isMasters ? t('tools.offByMasters') : t('tools.offByOrg', { org: known.off_by === store.me.org ? known.off_by : store.peer(known.off_by)?.org_name ?? known.off_by });
  return h('div', { class: 'banner' }, icon('lock'), h('div', {}, h('strong', {}, t('tools.off')), h('p', {}, text)));
}

/**
 * Numbers what is read: each call begins a turn and returns whether it still is the last one. Answers can overtake each
 * other on their way, and the one that was asked for first knows less.
 */
export function turns() {
  let last = 0;
  return () => {
    const turn = ++last;
    return () => turn === last;
  };
}
