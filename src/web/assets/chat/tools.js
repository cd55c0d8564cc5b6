// Which tools a room has, and why one is not there.

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
