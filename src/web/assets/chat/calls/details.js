// What the connections of a call look like, for whoever wants to know why it is bad.

import { fill, h } from '../../shared/dom.js';
import { number, t } from '../../shared/i18n.js';
import { openDialog } from '../../shared/ui.js';

export function showQuality(session) {
  const body = h('div', { class: 'stack' });
  const row = (label, value) => [h('dt', {}, label), h('dd', {}, value)];
  const draw = () => fill(body, session.peers.length === 0 && h('p', {}, t('calls.alone')), session.peers.map((peer) => {
    const found = session.quality.get(peer.who);
    return h('section', {}, h('h3', {}, session.store.nameOf(peer.who)), found && h('dl', { class: 'call-facts' },
      row(t('calls.fact.level'), t(`calls.level.${found.level}`)),
      row(t('calls.fact.roundTrip'), found.roundTripMs === undefined ? '–' : `${number(found.roundTripMs)} ms`),
      row(t('calls.fact.loss'), `${number(Math.round(found.loss * 1_000) / 10)} %`),
      row(t('calls.fact.jitter'), `${number(found.jitterMs)} ms`),
      row(t('calls.fact.picture'), found.width ? `${found.width} × ${found.height}` : '–'),
      row(t('calls.fact.rate'), `${number(Math.round(found.bitrate / 1_000))} kbit/s`),
      row(t('calls.fact.way'), t(found.relayed ? 'calls.way.relay' : 'calls.way.direct'))));
  }));
  draw();
  session.addEventListener('stats', draw);
  return openDialog(t('calls.quality'), () => [body, h('p', { class: 'faint' }, t('calls.encrypted'))]).then(() => session.removeEventListener('stats', draw));
}
