// At a glance: who the org may talk to now, and what needs the admin.

import { fill, h, icon } from '../../shared/dom.js';
import { ago, date, number, t } from '../../shared/i18n.js';
import { ask, avatar, button, complain, empty, failed, loading, toast } from '../../shared/ui.js';
import { agoTime, banner, exactTime, facts, heading, holdFocus, linkButton, mark, tx } from '../draw.js';
import { byNeed, explainLink, grantStanding, notices } from '../explain.js';
import { figure } from '../format.js';
import { editGrant } from '../grant.js';
import { rate, total } from '../metrics.js';
import { sparkline } from '../spark.js';

/** What is further away than this is told as having no end, milliseconds. */
const FAR_MS = 200 * 365 * 86_400_000;

/** What a partner's sentences are filled with. */
export function values(peer) {
  return {
    name: peer.org_name,
    contact: peer.last_contact_at ? agoTime(peer.last_contact_at) : t('time.never'),
    endpoints: peer.endpoints.join(', '),
  };
}

/** A notice about a partner, as a sentence. */
export function noticeText({ key, params }) {
  const at = params.at && { ago: ago(params.at), date: date(params.at) };
  return t(key, { ...params, ...at, scopes: params.scopes?.map((scope) => t(`scope.${scope}`)).join(', ') });
}

/** Both grants and what comes of them: two halves that meet when both are given. */
export function handshake(org, peer, told) {
  const half = (whose, name, grant) => {
    const standing = grantStanding(grant);
    const until = standing === 'active' && (grant.not_after ? t('grant.until', { date: date(grant.not_after) }) : t('grant.no_end'));
    return h('div', { class: ['half', whose, standing] }, h('span', { class: 'half-name clip' }, t('grant.permits', { org: name })),
      h('span', { class: 'half-state' }, h('b', {}, t(`grant.${standing}`)), until && h('span', { class: 'faint' }, ` · ${until}`)));
  };
  const drawing = { good: 'check', warn: told.state === 'state.stale' ? 'clock' : 'unlink', bad: 'alert', busy: 'refresh' }[told.tone] ?? 'unlink';
  return h('div', { class: ['handshake', told.tone] }, half('ours', org, peer.ours),
    h('span', { class: 'clasp', aria: { hidden: true } }, icon(drawing)), half('theirs', peer.org_name, peer.theirs));
}

const grantEnd = (grant) => (!grant?.in_force ? '–' : grant.not_after ? exactTime(grant.not_after, date(grant.not_after)) : t('overview.no_end'));

/** When a certificate ends; those that daemons make for themselves have an end that nobody lives to see. */
export function certificateEnd(at) {
  if (!at) return t('overview.certificate.unseen');
  return at - Date.now() > FAR_MS ? t('overview.certificate.far') : exactTime(at, date(at));
}

function partnerCard(app, status, peer, now) {
  const told = explainLink(peer, status.unconfirmed);
  const give = told.act === 'grant' && button(t('grant.give'), { icon: 'check', kind: 'primary small', data: { focus: `give ${peer.peer}` }, onClick: () => editGrant(app, peer) });
  const lift = told.act === 'lift' && linkButton(t('quarantine.evidence'), `#/partners/${peer.peer}`, 'search', 'primary small');
  return h('article', { class: ['panel', 'partner', told.tone] },
    h('header', { class: 'row' }, avatar(peer.org_name, peer.peer),
      h('div', { class: 'grow' }, h('h3', { class: 'clip' }, h('a', { href: `#/partners/${peer.peer}`, data: { focus: `open ${peer.peer}` } }, peer.org_name)), h('p', { class: 'faint clip' }, peer.peer)),
      mark(told.tone, t(told.state))),
    handshake(status.org, peer, told),
    h('p', {}, tx(told.why, values(peer)), told.next !== 'next.open' && [' ', h('b', {}, tx(told.next, values(peer)))]),
    notices(peer, now).map((notice) => h('p', { class: ['notice', notice.tone] }, icon(notice.tone === 'warn' ? 'alert' : 'info'), h('span', {}, noticeText(notice)))),
    facts(
      [t('overview.contact'), peer.last_contact_at ? agoTime(peer.last_contact_at) : t('time.never')],
      [t('overview.queued'), [number(peer.lag_records), peer.oldest_queued_at && h('span', { class: 'faint' }, ' ', tx('overview.queued.since', { ago: agoTime(peer.oldest_queued_at) }))]],
      [t('overview.ends.ours'), grantEnd(peer.ours)],
      [t('overview.ends.theirs'), grantEnd(peer.theirs)],
      [t('overview.certificate'), certificateEnd(peer.certificate_not_after)],
      [t('overview.refusal'), peer.last_refusal ? [h('span', { class: 'clip', title: peer.last_refusal.what }, peer.last_refusal.what), ' ', h('span', { class: 'faint' }, agoTime(peer.last_refusal.at))] : t('overview.refusal.none')],
    ),
    (give || lift) && h('footer', { class: 'row' }, give, lift));
}

/** A figure with its name, and how it went. */
function tile(name, value, hint, spark) {
  return h('div', { class: 'tile' }, h('span', { class: 'tile-name' }, name), h('span', { class: 'tile-value' }, value), h('span', { class: 'faint' }, hint), spark);
}

function tiles({ live }) {
  const { status, samples } = live;
  const open = status.peers.filter((peer) => peer.state === 'open').length;
  const waiting = status.peers.reduce((sum, peer) => sum + peer.lag_records, 0);
  const traffic = samples.between((earlier, later) => rate(earlier, later, 'handclasp_records_total') ?? 0);
  const lag = samples.gauge('handclasp_link_lag_records');
  const metrics = samples.latest?.metrics;
  const of = (name) => (metrics ? total(metrics, name) : undefined);
  const users = of('handclasp_users');
  return [
    tile(t('overview.links'), number(open), t('overview.links.of', { count: number(status.peers.length) })),
    tile(t('overview.queue'), number(waiting), t(waiting ? 'overview.queue.some' : 'overview.queue.none'), sparkline(lag)),
    tile(t('overview.traffic'), figure(traffic.at(-1)?.value ?? 0), t('overview.traffic.hint'), sparkline(traffic)),
    tile(t('overview.own_certificate'), certificateEnd(status.certificate_not_after), t('overview.own_certificate.hint')),
    tile(t('overview.users'), users === undefined ? '–' : number(users), t('overview.users.hint', { count: of('handclasp_sessions') ?? 0 })),
  ];
}

async function confirmGrants(app) {
  if (!await ask(t('overview.confirm.title'), [t('overview.confirm.detail'), t('overview.confirm.ask')], { yes: t('overview.confirm') })) return;
  await app.admin.confirmGrants().then(() => toast(t('overview.confirmed'), { kind: 'good' }), complain);
  app.live.look();
}

/** What stands above the partners: a hold on all, what needs the admin, or that nothing does. */
function attention(app, status, now) {
  if (status.unconfirmed) {
    return banner('bad', t('overview.confirm.title'), t('overview.confirm.detail'), button(t('overview.confirm'), { kind: 'primary small', data: { focus: 'confirm' }, onClick: () => confirmGrants(app) }));
  }
  const wanting = status.peers.filter((peer) => ['bad', 'warn'].includes(explainLink(peer).tone) || notices(peer, now).some((notice) => notice.tone === 'warn'));
  if (!wanting.length) return h('p', { class: 'all-well' }, icon('check'), t('overview.all_well'));
  return h('section', { class: 'panel attention' }, h('h2', {}, t('overview.attention')), h('ul', {}, byNeed(wanting).map((peer) => {
    const told = explainLink(peer);
    const notice = notices(peer, now).find((one) => one.tone === 'warn');
    const says = ['bad', 'warn'].includes(told.tone) ? tx(told.next, values(peer)) : noticeText(notice);
    return h('li', {}, h('span', { class: ['dot-mark', ['bad', 'warn'].includes(told.tone) ? told.tone : 'warn'] }), h('p', {}, h('a', { href: `#/partners/${peer.peer}` }, peer.org_name), ' · ', says));
  })));
}

function drawn(app) {
  const { status } = app.live;
  const now = Date.now();
  if (!status.peers.length) {
    return empty('link', t('overview.empty'), t('overview.empty.detail'), linkButton(t('nav.pair'), '#/pair', 'add', 'primary'));
  }
  return [attention(app, status, now), h('h2', { class: 'section-title' }, t('overview.partners')),
    h('div', { class: 'partners' }, byNeed(status.peers, status.unconfirmed).map((peer) => partnerCard(app, status, peer, now)))];
}

/** The view. */
export function overview(app) {
  const lead = h('p', { class: 'soft' });
  const figures = h('div', { class: 'tiles' });
  const rest = h('div', { class: 'stack-wide' }, loading());
  let seen;
  const update = () => {
    const { live } = app;
    if (!live.status) return live.problem && fill(rest, failed(live.problem, () => live.look()));
    lead.textContent = t('overview.lead', { org: live.status.org });
    fill(figures, tiles(app));
    // Only what changed is drawn anew: a reader or a pointer on a card is not disturbed at each look.
    const present = JSON.stringify(live.status);
    if (present === seen) return undefined;
    seen = present;
    const back = holdFocus(rest);
    fill(rest, drawn(app));
    return back();
  };
  const head = heading(t('overview.title'), null, linkButton(t('nav.pair'), '#/pair', 'add'));
  head.firstChild.append(lead);
  update();
  return { title: t('overview.title'), element: h('div', { class: 'view' }, head, figures, rest), update };
}
