// Giving, changing and revoking the own grant: the one switch that matters most (scopes, end, reason, consequences).

import { fill, h } from '../shared/dom.js';
import { date, dateTime, t } from '../shared/i18n.js';
import { button, complain, field, openDialog, toast } from '../shared/ui.js';
import { banner, choices, facts } from './draw.js';
import { SCOPES } from './explain.js';

const REASON_CHARS_MAX = 300;
const DAY_MS = 86_400_000;
const ENDS = [['never', undefined], ['30', 30], ['90', 90], ['365', 365], ['at', undefined]];

const chars = (text) => [...text].length;

/** A grant in words. */
export function grantFacts(grant) {
  if (!grant || grant.serial === 0) return h('p', { class: 'soft' }, t('grant.none'));
  return facts(
    [t('grant.scopes'), grant.state === 'active' ? grant.scopes.map((scope) => t(`scope.${scope}`)).join(', ') || t('partner.crosses.none') : undefined],
    [t('grant.end'), grant.state === 'active' ? (grant.not_after ? dateTime(grant.not_after) : t('grant.no_end')) : undefined],
    [t('grant.reason'), grant.reason || t('grant.no_reason')],
    [t('grant.issued'), dateTime(grant.issued_at)],
    [t('grant.serial'), String(grant.serial)],
  );
}

function reasonField(value = '') {
  const reason = field(`${t('grant.reason.label')} (${t('app.optional')})`, { hint: t('grant.reason.hint'), multiline: true, rows: 2, value });
  const left = h('p', { class: 'hint' });
  reason.element.append(left);
  const check = () => {
    const rest = REASON_CHARS_MAX - chars(reason.input.value);
    left.textContent = rest < 60 ? t('app.chars_left', { count: rest }) : '';
    left.classList.toggle('over', rest < 0);
    return rest >= 0;
  };
  reason.input.addEventListener('input', check);
  return { ...reason, check };
}

function scopeField(chosen) {
  const error = h('p', { class: 'error', role: 'alert' });
  const boxes = SCOPES.map((scope) => h('input', { type: 'checkbox', value: scope, checked: chosen.includes(scope) }));
  const element = h('fieldset', { class: 'choices' }, h('legend', {}, t('grant.scopes.legend')),
    boxes.map((box) => h('label', { class: 'check' }, box, h('span', {}, t(`scope.${box.value}`), h('span', { class: 'hint' }, t(`scope.${box.value}.hint`))))),
    h('p', { class: 'hint' }, t('grant.scopes.hint')), error);
  const read = () => boxes.filter((box) => box.checked).map((box) => box.value);
  const check = () => {
    error.textContent = read().length ? '' : t('grant.scopes.missing');
    return read().length > 0;
  };
  element.addEventListener('change', check);
  return { element, read, check };
}

/** `datetime-local` wants the local time, without a zone. */
function localTime(at) {
  return new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function endField(present) {
  const time = field(t('grant.ends.label'), { type: 'datetime-local', min: localTime(Date.now()), value: localTime(present ?? Date.now() + 30 * DAY_MS) });
  let picked = present ? 'at' : 'never';
  const show = () => { time.element.hidden = picked !== 'at'; };
  const label = (value, days) => (days ? (days === 365 ? t('grant.ends.year') : t('grant.ends.days', { count: days })) : t(`grant.ends.${value}`));
  const options = ENDS.map(([value, days]) => ({ value, label: label(value, days), hint: days && date(Date.now() + days * DAY_MS) }));
  const picks = choices(t('grant.ends.legend'), 'ends', options, picked, (value) => {
    picked = value;
    show();
  });
  picks.classList.add('compact');
  const element = h('div', { class: 'stack' }, picks, time.element);
  show();
  const read = () => {
    const days = ENDS.find(([value]) => value === picked)[1];
    if (days) return Date.now() + days * DAY_MS;
    return picked === 'at' ? new Date(time.input.value).getTime() : undefined;
  };
  const check = () => {
    const end = read();
    const isFine = end === undefined || end > Date.now();
    time.fail(isFine ? null : t('grant.ends.past'));
    if (!isFine) time.input.focus();
    return isFine;
  };
  return { element, read, check };
}

/** Puts a grant; a conflict shows what stands there now, and asks once more with its serial. */
async function put(app, peer, wanted, serial, place, dialog) {
  try {
    const answer = await app.admin.putGrant(peer.peer, { ...wanted, expected_serial: serial });
    const done = wanted.state === 'active' ? 'grant.given' : 'revoke.done';
    toast(t(done, { name: peer.org_name, serial: answer.serial }), { kind: 'good' });
    app.live.look();
    dialog.close('done');
  } catch (problem) {
    if (problem.code !== 'CONFLICT') return complainIn(place, problem);
    const present = await app.admin.grants(peer.peer).catch(() => undefined);
    if (!present) return complainIn(place, problem);
    app.live.look();
    fill(place, banner('warn', t('grant.conflict', { serial: present.serial }), t('grant.conflict.again')), grantFacts(present.ours),
      button(t('grant.conflict.do'), { kind: wanted.state === 'active' ? 'primary' : 'primary danger', onClick: () => put(app, peer, wanted, present.serial, place, dialog) }));
    place.scrollIntoView({ block: 'nearest' });
    place.querySelector('button').focus();
  }
  return undefined;
}

function complainIn(place, problem) {
  fill(place, banner('bad', t('ui.error'), problem.message));
  place.scrollIntoView({ block: 'nearest' });
}

/** Opens the dialog that gives a grant, or changes the one that is there. */
export function editGrant(app, peer) {
  const present = peer.ours?.in_force ? peer.ours : undefined;
  const serial = peer.ours?.serial ?? 0;
  const scopes = scopeField(present?.scopes ?? SCOPES);
  const end = endField(present?.not_after);
  const reason = reasonField(present?.reason);
  const place = h('div', { class: 'stack', role: 'status' });
  return openDialog(t(present ? 'grant.change.title' : 'grant.give.title', { name: peer.org_name }), (dialog) => {
    const submit = button(t(present ? 'ui.save' : 'grant.give'), { kind: 'primary', onClick: async () => {
      if (![scopes.check(), end.check(), reason.check()].every(Boolean)) return;
      submit.disabled = true;
      await put(app, peer, { state: 'active', scopes: scopes.read(), not_after: end.read(), reason: reason.input.value.trim() }, serial, place, dialog);
      submit.disabled = false;
    } });
    return {
      body: [h('p', { class: 'soft' }, t('grant.give.lead', { name: peer.org_name })), scopes.element, end.element, reason.element, place],
      footer: [button(t('ui.cancel'), { onClick: () => dialog.close('') }), submit],
    };
  });
}

/** What a revocation would end, as sentences. */
export function consequenceList(counted) {
  const lines = [['direct', counted.direct_rooms], ['groups', counted.groups], ['ours', counted.people_ours], ['theirs', counted.people_theirs], ['queued', counted.queued_records]];
  const told = lines.filter(([, count]) => count > 0);
  if (!told.length) return h('p', {}, t('revoke.nothing'));
  return h('ul', { class: 'consequences' }, told.map(([key, count]) => h('li', {}, t(`revoke.${key}`, { count }))));
}

/** Opens the dialog that revokes, with the consequences first. */
export function revokeGrant(app, peer) {
  const reason = reasonField();
  const place = h('div', { class: 'stack', role: 'status' });
  const counted = h('div', { class: 'panel sunken', role: 'status' }, h('p', { class: 'soft' }, t('revoke.counting')));
  app.admin.consequences(peer.peer).then((answer) => fill(counted, consequenceList(answer)), (problem) => complainIn(counted, problem));
  return openDialog(t('revoke.title', { name: peer.org_name }), (dialog) => {
    const submit = button(t('revoke.do'), { kind: 'primary danger', onClick: async () => {
      if (!reason.check()) return;
      submit.disabled = true;
      await put(app, peer, { state: 'revoked', reason: reason.input.value.trim() }, peer.ours?.serial ?? 0, place, dialog);
      submit.disabled = false;
    } });
    return {
      body: [h('p', {}, t('revoke.lead', { name: peer.org_name })), counted, h('p', { class: 'soft' }, t('revoke.stays')), reason.element, place],
      footer: [button(t('ui.cancel'), { onClick: () => dialog.close('') }), submit],
    };
  });
}

/** Ends the pairing, with the consequences first. */
export async function unpin(app, peer) {
  const counted = await app.admin.consequences(peer.peer).catch((problem) => complain(problem));
  if (!counted) return;
  const answer = await openDialog(t('partner.unpin.title', { name: peer.org_name }), (dialog) => ({
    body: [h('p', {}, t('partner.unpin.lead')), h('div', { class: 'panel sunken' }, consequenceList(counted))],
    footer: [button(t('ui.cancel'), { onClick: () => dialog.close('') }), button(t('partner.unpin'), { kind: 'primary danger', onClick: () => dialog.close('yes') })],
  }));
  if (answer !== 'yes') return;
  try {
    await app.admin.unpin(peer.peer);
    toast(t('partner.unpinned', { name: peer.org_name }), { kind: 'good' });
    await app.live.look();
    location.hash = '#/';
  } catch (problem) {
    complain(problem);
  }
}
