// One partner: the link and why, both grants with the switch, identity, evidence, the last entries of the audit log.

import { fill, h, icon } from '../../shared/dom.js';
import { number, t } from '../../shared/i18n.js';
import { avatar, button, copy, empty, failed, iconButton, loading } from '../../shared/ui.js';
import { agoTime, facts, fingerprint, holdFocus, linkButton, mark, panel, tx } from '../draw.js';
import { entryList } from '../entries.js';
import { crossing, explainLink, grantStanding, notices } from '../explain.js';
import { editGrant, grantFacts, revokeGrant, unpin } from '../grant.js';
import { quarantinePanel } from '../quarantine.js';
import { certificateEnd, handshake, noticeText, values } from './overview.js';

function linkPanel(app, status, peer) {
  const told = explainLink(peer, status.unconfirmed);
  const crosses = crossing(peer);
  const waiting = peer.lag_records
    ? tx('partner.queue.some', { count: peer.lag_records, ago: peer.oldest_queued_at ? agoTime(peer.oldest_queued_at) : '–' })
    : t('partner.queue.none');
  return panel(null,
    handshake(status.org, peer, told),
    h('p', { class: 'told' }, tx(told.why, values(peer))),
    h('p', { class: 'told' }, h('b', {}, `${t('partner.next')}: `), tx(told.next, values(peer))),
    notices(peer, Date.now()).map((notice) => h('p', { class: ['notice', notice.tone] }, icon(notice.tone === 'warn' ? 'alert' : 'info'), h('span', {}, noticeText(notice)))),
    facts(
      [t('partner.crosses'), crosses.length && !['quarantined', 'recovering'].includes(peer.state) ? h('span', { class: 'chips' }, crosses.map((scope) => h('span', { class: 'badge good' }, t(`scope.${scope}`)))) : t('partner.crosses.none')],
      [t('partner.contact'), peer.last_contact_at ? agoTime(peer.last_contact_at) : t('time.never')],
      [t('partner.queue'), waiting],
      [t('partner.recovery'), peer.recovery && lost(peer.recovery)],
      [t('partner.frozen'), peer.frozen_rooms?.map((room) => h('div', { class: 'mono' }, room))],
      [t('partner.refusal'), peer.last_refusal ? [peer.last_refusal.what, ' ', h('span', { class: 'faint' }, agoTime(peer.last_refusal.at))] : t('overview.refusal.none')],
    ));
}

/** What a restore has lost of the link, and how far it is back. */
const lost = ({ held_record: held, back_to_record: back }) =>
  (held === undefined ? t('partner.recovery.unknown') : t('partner.recovery.back', { back: number(back), held: number(held) }));

/** Our grant, with the switch; turning it opens the dialog that asks for all that belongs to it. */
function ourPanel(app, status, peer) {
  const isOn = peer.ours?.in_force ?? false;
  const turn = () => (isOn ? revokeGrant(app, peer) : editGrant(app, peer));
  const label = t('grant.permits', { org: status.org });
  const control = h('button', { class: 'switch', type: 'button', role: 'switch', data: { focus: 'switch' }, aria: { checked: isOn, label: `${label}: ${peer.org_name}`, haspopup: 'dialog' }, on: { click: turn } });
  return h('section', { class: ['panel', 'grant', grantStanding(peer.ours)] },
    h('header', { class: 'row' }, h('h2', { class: 'grow clip' }, label), h('span', { class: 'faint' }, t(`grant.${grantStanding(peer.ours)}`)), control),
    grantFacts(peer.ours),
    h('footer', { class: 'row' },
      isOn
        ? [button(t('grant.change'), { icon: 'edit', kind: 'small', data: { focus: 'change' }, onClick: () => editGrant(app, peer) }), button(t('grant.revoke'), { icon: 'unlink', kind: 'small danger', data: { focus: 'revoke' }, onClick: turn })]
        : button(t('grant.give'), { icon: 'check', kind: 'small primary', data: { focus: 'give' }, onClick: turn })));
}

function theirPanel(peer) {
  return h('section', { class: ['panel', 'grant', grantStanding(peer.theirs)] },
    h('header', { class: 'row' }, h('h2', { class: 'grow clip' }, t('grant.permits', { org: peer.peer })), h('span', { class: 'faint' }, t(`grant.${grantStanding(peer.theirs)}`))),
    grantFacts(peer.theirs));
}

function identityPanel(peer) {
  const ends = peer.certificate_not_after;
  return panel(t('partner.identity'),
    facts(
      [t('partner.fingerprint'), [h('div', { class: 'row' }, fingerprint(peer.fingerprint), iconButton('copy', t('ui.copy'), () => copy(peer.fingerprint), { class: 'small' })), h('p', { class: 'hint' }, t('partner.fingerprint.hint'))]],
      [t('partner.endpoints'), peer.endpoints.map((endpoint) => h('div', { class: 'mono' }, endpoint))],
      [t('partner.certificate'), [h('p', {}, certificateEnd(ends)), h('p', { class: 'hint' }, t('partner.certificate.hint'))]],
      [t('partner.epoch'), peer.epoch === undefined ? undefined : number(peer.epoch)],
    ));
}

function drawn(app, status, peer, { entries, evidence }) {
  const told = explainLink(peer, status.unconfirmed);
  return [
    h('header', { class: 'view-head' }, avatar(peer.org_name, peer.peer, { size: 'large' }),
      h('div', { class: 'grow' }, h('h1', { tabIndex: -1 }, peer.org_name), h('p', { class: 'soft' }, peer.peer)), mark(told.tone, t(told.state))),
    evidence,
    linkPanel(app, status, peer),
    h('div', { class: 'two' }, ourPanel(app, status, peer), theirPanel(peer)),
    h('div', { class: 'two' }, identityPanel(peer), panel(t('partner.acts'), entries, h('footer', {}, h('a', { href: `#/audit?subject=${peer.peer}` }, t('partner.acts.all', { name: peer.org_name }))))),
    panel(t('partner.danger'), h('div', { class: 'row wrap' }, h('p', { class: 'soft grow' }, t('partner.danger.lead')), button(t('partner.unpin'), { icon: 'trash', kind: 'small danger', data: { focus: 'unpin' }, onClick: () => unpin(app, peer) }))),
  ];
}

/** The view. */
export function partner(app, { name }) {
  const element = h('div', { class: 'view' }, loading());
  const entries = h('div', {}, loading());
  let seen;
  let evidence;
  // What an admin is reading there, and has ticked, stays while the rest of the page is drawn anew.
  const evidenceOf = (peer) => {
    const key = JSON.stringify(peer.quarantine);
    if (!evidence || evidence.key !== key) evidence = { key, panel: peer.quarantine && quarantinePanel(app, peer) };
    return evidence.panel;
  };
  const read = () => app.admin.audit({ subject: name, limit: 6 }).then((page) => fill(entries, entryList(page.items)), (problem) => fill(entries, failed(problem, read)));
  const update = () => {
    const { status } = app.live;
    if (!status) return undefined;
    const peer = status.peers.find((one) => one.peer === name);
    const present = JSON.stringify([status.unconfirmed, peer]);
    if (present === seen) return undefined;
    seen = present;
    if (!peer) return fill(element, empty('unlink', t('partner.gone', { peer: name }), t('partner.gone.detail'), linkButton(t('app.back_to_overview'), '#/', 'home')));
    const back = holdFocus(element);
    fill(element, drawn(app, status, peer, { entries, evidence: evidenceOf(peer) }));
    back();
    return read();
  };
  update();
  return { title: name, element, update };
}
