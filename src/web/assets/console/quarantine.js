// A quarantined link: what was found, the signed documents that contradict each other side by side, and lifting it.

import { h } from '../shared/dom.js';
import { ago, dateTime, t } from '../shared/i18n.js';
import { button, complain, toast } from '../shared/ui.js';
import { readPayload } from './card.js';
import { download, facts, mark } from './draw.js';

const TIME_FIELDS = /(_at|not_after)$/;

/** A value of a document as a line; times are told in words too. */
function shown(name, value) {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return TIME_FIELDS.test(name) && Number.isFinite(value) ? `${text} (${dateTime(value)})` : text;
}

/** The fields in which documents of one kind are not the same. */
export function differing(bodies) {
  const names = [...new Set(bodies.flatMap((body) => Object.keys(body)))];
  return new Set(names.filter((name) => new Set(bodies.map((body) => JSON.stringify(body[name]))).size > 1));
}

function documentPanel(text, at, differs) {
  const read = readPayload(text);
  return h('section', { class: 'evidence' },
    h('h4', {}, t('quarantine.document', { n: at + 1 }), read && h('span', { class: 'faint' }, ` ${read.kind ?? ''}`)),
    read?.keyid && h('p', { class: 'faint' }, t('quarantine.signed_by', { key: `${read.keyid.slice(0, 16)}…` })),
    read?.body && typeof read.body === 'object' && h('dl', { class: 'evidence-fields' }, Object.entries(read.body).map(([name, value]) =>
      h('div', { class: differs.has(name) ? 'differs' : '' }, h('dt', {}, name), h('dd', {}, shown(name, value), differs.has(name) && h('span', { class: 'unseen' }, ` (${t('quarantine.differs')})`))))),
    h('details', {}, h('summary', {}, t('quarantine.raw')), h('pre', { class: 'mono', tabIndex: 0 }, text)));
}

/** The panel of a quarantined partner. */
export function quarantinePanel(app, peer) {
  const { code, detail, at, evidence } = peer.quarantine;
  const read = evidence.map(readPayload);
  const isComparable = read.length > 1 && read.every((one) => one?.body && one.kind === read[0].kind);
  const differs = isComparable ? differing(read.map((one) => one.body)) : new Set();
  const lift = button(t('quarantine.lift'), { kind: 'primary small', disabled: true, onClick: async () => {
    lift.disabled = true;
    await app.admin.lift(peer.peer).then(() => toast(t('quarantine.lifted'), { kind: 'good' }), complain);
    app.live.look();
  } });
  const goOn = button(t('quarantine.accept_loss'), { kind: 'danger small', disabled: true, onClick: async () => {
    goOn.disabled = true;
    await app.admin.acceptLoss(peer.peer).then(() => toast(t('quarantine.loss_accepted'), { kind: 'good' }), complain);
    app.live.look();
  } });
  const agreed = h('input', { type: 'checkbox', data: { focus: 'agreed' }, on: { change: () => { lift.disabled = goOn.disabled = !agreed.checked; } } });
  const save = () => download(`evidence-${peer.peer}-${at}.json`, JSON.stringify({ peer: peer.peer, code, detail, at, evidence }, null, 2), 'application/json');
  return h('section', { class: 'panel quarantine' },
    h('header', { class: 'row wrap' }, h('h2', { class: 'grow' }, t('quarantine.title')), mark('bad', t('quarantine.since', { ago: ago(at), at: dateTime(at) }))),
    h('p', {}, t('quarantine.lead', { name: peer.org_name })),
    facts([t('quarantine.found'), [detail, ' ', h('span', { class: 'badge bad' }, code)]]),
    h('h3', {}, t('quarantine.evidence')),
    evidence.length ? h('div', { class: 'two' }, evidence.map((text, index) => documentPanel(text, index, differs))) : h('p', { class: 'soft' }, t('quarantine.no_evidence')),
    h('label', { class: 'check' }, agreed, h('span', {}, t('quarantine.read', { name: peer.org_name }))),
    h('p', { class: 'hint' }, t('quarantine.accept_loss.hint')),
    h('footer', { class: 'row wrap' }, lift, goOn, evidence.length > 0 && button(t('quarantine.download'), { icon: 'download', kind: 'small', onClick: save })));
}
