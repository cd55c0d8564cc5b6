// Pairing: give the own card, take theirs, compare the fingerprint by ear, and only then pin.

import { fill, h, icon } from '../../shared/dom.js';
import { dateTime, t } from '../../shared/i18n.js';
import { avatar, button, complain, copy, field, loading, toast } from '../../shared/ui.js';
import { CARD_BYTES_MAX, FINGERPRINT_LETTERS, fingerprintOf, groups, lettersOf, readCard } from '../card.js';
import { banner, download, facts, fingerprint, heading } from '../draw.js';

function ownPanel(app) {
  const place = h('div', { class: 'stack' }, loading());
  const read = app.admin.card().then(async (text) => {
    const { card } = readCard(text);
    const letters = await fingerprintOf(card.identity);
    fill(place,
      h('div', { class: 'row' }, avatar(card.name, card.domain), h('div', { class: 'grow' }, h('strong', {}, card.name), h('p', { class: 'faint' }, card.domain))),
      letters && [h('p', { class: 'label' }, t('pair.own.fingerprint')), fingerprint(letters.join(' '))],
      h('div', { class: 'row wrap' },
        button(t('pair.own.download'), { icon: 'download', onClick: () => download(`${card.domain}.card.json`, text, 'application/json') }),
        button(t('pair.own.copy'), { icon: 'copy', onClick: () => copy(text) })));
    return card;
  });
  read.catch((problem) => fill(place, banner('bad', t('ui.error'), problem.message)));
  return { element: h('section', { class: 'panel step' }, h('h2', {}, t('pair.own')), h('p', { class: 'soft' }, t('pair.own.lead')), place), read };
}

/** Where their card comes in: a file, a drop or a paste. `take(text)` gets what it says, and returns a complaint or nothing. */
function takePanel(take) {
  const error = h('p', { class: 'error', role: 'alert' });
  const offer = async (text) => { error.textContent = (await take(text)) ?? ''; };
  const offerFile = async (file) => {
    if (!file) return;
    if (file.size > CARD_BYTES_MAX) error.textContent = t('pair.too_large');
    else await offer(await file.text());
  };
  const picker = h('input', { type: 'file', class: 'unseen', accept: '.json,application/json', aria: { label: t('pair.file') }, on: { change: () => { offerFile(picker.files[0]); picker.value = ''; } } });
  const paste = field(t('pair.paste'), { multiline: true, rows: 3, spellcheck: false, class: 'input mono', on: { input: () => paste.input.value.trim() && offer(paste.input.value.trim()) } });
  const zone = h('label', { class: 'drop' }, picker, icon('file'), h('span', {}, h('b', {}, t('pair.file')), ' ', t('pair.drop')));
  const over = (isOver) => (event) => {
    event.preventDefault();
    zone.classList.toggle('over', isOver);
  };
  zone.addEventListener('dragover', over(true));
  zone.addEventListener('dragleave', over(false));
  zone.addEventListener('drop', (event) => {
    over(false)(event);
    offerFile(event.dataTransfer.files[0]);
  });
  return h('section', { class: 'panel step' }, h('h2', {}, t('pair.theirs')), h('p', { class: 'soft' }, t('pair.theirs.lead')), zone, paste.element, error);
}

/** Compares what was read aloud with the card, group by group. */
function comparison(card, expected, onChange) {
  const place = h('div', {});
  const verdict = h('p', { class: 'hint', role: 'status' });
  const aloud = h('input', { type: 'checkbox', on: { change: () => onChange() } });
  const heard = field(t('pair.compare.type'), { hint: t('pair.compare.hint'), spellcheck: false, autocomplete: 'off', autocapitalize: 'characters', class: 'input mono', on: { input: () => check() } });
  let state = 'none';
  function check() {
    const offered = groups(lettersOf(heard.input.value));
    const marks = expected?.map((group, at) => (!offered[at] ? '' : group === offered[at] ? 'fits' : group.startsWith(offered[at]) ? '' : 'differs')) ?? [];
    const isWhole = offered.join('').length === FINGERPRINT_LETTERS;
    state = marks.includes('differs') ? 'differs' : isWhole && (!expected || marks.every((one) => one === 'fits')) ? 'match' : 'none';
    if (expected) fill(place, fingerprint(expected.join(' '), marks));
    verdict.className = state === 'differs' ? 'error' : state === 'match' ? 'good-text' : 'hint';
    verdict.textContent = state === 'differs' ? t('pair.compare.differs', { group: marks.indexOf('differs') + 1 }) : state === 'match' && expected ? t('pair.compare.match') : '';
    onChange();
  }
  const element = h('div', { class: 'stack' }, expected ? place : banner('warn', t('pair.compare.blind')), heard.element, verdict,
    expected && h('label', { class: 'check' }, aloud, h('span', {}, t('pair.compare.aloud', { name: card.name }))));
  queueMicrotask(check);
  return { element, isSettled: () => state === 'match' || (state === 'none' && aloud.checked), letters: () => (expected ? expected.join('') : lettersOf(heard.input.value)) };
}

function comparePanel(app, { document, card }, expected, again) {
  const known = app.live.status?.peers.some((peer) => peer.peer === card.domain);
  const submit = button(t('pair.do', { name: card.name }), { icon: 'link', kind: 'primary', onClick: () => pin() });
  const compared = comparison(card, expected, () => { submit.disabled = !compared?.isSettled(); });
  submit.disabled = true;
  async function pin() {
    submit.disabled = true;
    try {
      const peer = await app.admin.pin(document, compared.letters());
      toast(t('pair.done', { name: peer.org_name }), { kind: 'good' });
      await app.live.look();
      location.hash = `#/partners/${peer.peer}`;
    } catch (problem) {
      submit.disabled = false;
      complain(problem);
    }
  }
  return h('section', { class: 'panel step' }, h('h2', { tabIndex: -1 }, t('pair.compare')),
    h('div', { class: 'row' }, avatar(card.name, card.domain), h('strong', { class: 'grow' }, card.name), button(t('pair.other'), { kind: 'plain small', onClick: again })),
    facts([t('pair.card.domain'), card.domain], [t('pair.card.endpoints'), (card.endpoints ?? []).join(', ')], [t('pair.card.version'), String(card.version ?? '')], [t('pair.card.issued'), Number.isFinite(card.issued_at) ? dateTime(card.issued_at) : undefined]),
    known && banner('warn', t('pair.known', { domain: card.domain })),
    h('p', {}, t('pair.compare.lead', { name: card.name })), compared.element, h('footer', { class: 'row' }, submit));
}

/** The view. */
export function pair(app) {
  const own = ownPanel(app);
  const second = h('div', {});
  const again = () => fill(second, takePanel(take));
  async function take(text) {
    const read = readCard(text);
    if (read.error) return t(read.error);
    const mine = await own.read.catch(() => undefined);
    if (mine?.identity === read.card.identity) return t('pair.own_card');
    fill(second, comparePanel(app, read, await fingerprintOf(read.card.identity), again));
    second.querySelector('h2').focus();
    return undefined;
  }
  again();
  return { title: t('pair.title'), element: h('div', { class: 'view' }, heading(t('pair.title'), t('pair.lead')), h('div', { class: 'two steps' }, own.element, second)) };
}
