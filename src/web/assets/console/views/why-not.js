// Why not? Which conditions keep one of our users from an external person, who can change them, and where.

import { fill, h, icon } from '../../shared/dom.js';
import { has, t } from '../../shared/i18n.js';
import { button, complain, field, uid } from '../../shared/ui.js';
import { banner, heading, linkButton } from '../draw.js';
import { SCOPES } from '../explain.js';
import { complainAtField } from './users.js';

const WHO_ICONS = { you: 'person', your_admin: 'key', their_admin: 'globe', nobody: 'clock' };
const SUGGESTED_MAX = 500;

/** A condition in words for an admin; the daemon's own sentence speaks to the person who asks. */
function told({ code, who, detail }, asked) {
  const key = [`reason.${code}`, `reason.${code}.${who}`].find(has);
  return key ? t(key, { ...asked, domain: asked.address.split('@')[1], scope: t(`scope.${asked.scope}`) }) : detail;
}

/** Where the admin goes to change a condition. */
function fix({ code, who }, user, address) {
  if (who !== 'your_admin') return undefined;
  const domain = address.split('@')[1];
  if (code === 'UNKNOWN_PEER') return linkButton(t('why_not.fix.pair'), '#/pair', 'add', 'small');
  if (['NOT_PERMITTED', 'NOT_FOUND'].includes(code)) return linkButton(t('why_not.fix.user'), `#/users/${encodeURIComponent(user)}`, 'person', 'small');
  return code === 'UNCONFIRMED' ? linkButton(t('app.back_to_overview'), '#/', 'home', 'small') : linkButton(t('why_not.fix.partner'), `#/partners/${encodeURIComponent(domain)}`, 'link', 'small');
}

function answer({ possible, reasons }, asked) {
  const { user, address } = asked;
  if (possible) return banner('good', t('why_not.possible'), t('why_not.possible.detail', { user, address }));
  return h('div', { class: 'stack' }, h('h2', { tabIndex: -1 }, t('why_not.impossible', { count: reasons.length })), h('ol', { class: 'reasons' }, reasons.map((reason) =>
    h('li', { class: 'panel' }, h('p', { class: 'told' }, told(reason, asked)),
      h('footer', { class: 'row wrap' }, h('span', { class: 'grow row' }, icon(WHO_ICONS[reason.who] ?? 'info'), h('span', {}, `${t('why_not.who')}: `, h('b', {}, t(`why_not.who.${reason.who}`)))), h('span', { class: 'badge' }, reason.code), fix(reason, user, address))))));
}

/** The view. */
export function whyNot(app, { query }) {
  const known = h('datalist', { id: uid('users') });
  const domains = h('datalist', { id: uid('addresses') });
  const user = field(t('why_not.user'), { value: query.user ?? '', autocomplete: 'off', autocapitalize: 'none', spellcheck: false, list: known.id });
  const address = field(t('why_not.address'), { value: query.address ?? '', type: 'email', autocomplete: 'off', spellcheck: false, list: domains.id });
  const scope = h('select', { class: 'input', id: uid('scope') }, SCOPES.map((value) => h('option', { value, selected: value === (query.scope ?? 'messages') }, t(`scope.${value}`))));
  const place = h('div', { role: 'status' });
  const ask = async () => {
    const asked = { user: user.input.value.trim().split('@')[0], address: address.input.value.trim().toLowerCase(), scope: scope.value };
    history.replaceState(null, '', `#/why?${new URLSearchParams(asked)}`);
    await app.admin.whyNot(asked.user, asked.address, asked.scope).then((found) => fill(place, answer(found, asked)), (problem) => complainAtField(problem, { user, address }));
  };
  const form = h('form', { class: 'asked', noValidate: true, on: { submit: (event) => { event.preventDefault(); ask(); } } }, user.element, address.element,
    h('div', { class: 'field' }, h('label', { htmlFor: scope.id }, t('why_not.scope')), scope), button(t('why_not.do'), { type: 'submit', kind: 'primary' }), known, domains);
  app.admin.users().then((page) => fill(known, page.items.slice(0, SUGGESTED_MAX).map((one) => h('option', { value: one.local }, one.name))), complain);
  fill(domains, (app.live.status?.peers ?? []).map((peer) => h('option', { value: `@${peer.peer}` }, peer.org_name)));
  if (query.user && query.address) ask();
  return { title: t('why_not.title'), element: h('div', { class: 'view' }, heading(t('why_not.title'), t('why_not.lead')), h('div', { class: 'panel' }, form), place) };
}
