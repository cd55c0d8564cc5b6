// Searching all one's rooms: words, room, sender, kind, days. The address holds the search, so that it can be gone back to.

import { fill, h, icon } from '../shared/dom.js';
import { ago, dateTime, t } from '../shared/i18n.js';
import { avatar, button, empty, failed, loading } from '../shared/ui.js';
import { midnightOf, plusDays } from './dates.js';
import { plain } from './words.js';

const TYPED_MS = 300;
const KINDS = ['message', 'file', 'note', 'comment', 'date'];
const FIELDS = ['q', 'room', 'from', 'kind', 'since', 'until'];

/** The page. `query`: URLSearchParams of the address. */
export function searchPage(store, app, query) {
  const results = h('div', { class: 'results', role: 'region', aria: { live: 'polite', label: t('search.results') } });
  const form = searchForm(store, query);
  const search = { store, app, results, form, number: 0 };
  let typed;
  const look = () => { history.replaceState(history.state, '', address(form)); run(search); };
  form.addEventListener('input', () => { clearTimeout(typed); typed = setTimeout(look, TYPED_MS); });
  form.addEventListener('submit', (event) => { event.preventDefault(); clearTimeout(typed); look(); });
  run(search);
  requestAnimationFrame(() => form.elements.q.focus());
  return h('div', { class: 'main-page' }, h('header', { class: 'main-head' }, app.backButton(), h('h1', { class: 'grow' }, t('ui.search'))),
    h('div', { class: 'page-body' }, h('div', { class: 'search-page' }, form, results)));
}

function searchForm(store, query) {
  const select = (name, label, options) => h('div', { class: 'field' }, h('label', { htmlFor: `search-${name}` }, label),
    h('select', { class: 'input', name, id: `search-${name}` }, options.map(([value, text]) => h('option', { value, selected: value === (query.get(name) ?? '') }, text))));
  const day = (name, label) => h('div', { class: 'field' }, h('label', { htmlFor: `search-${name}` }, label), h('input', { class: 'input', type: 'date', name, id: `search-${name}`, value: query.get(name) ?? '' }));
  const rooms = store.sortedRooms().map((room) => [room.id, store.roomName(room)]);
  const known = [store.me.address, ...store.contacts.keys()].map((address) => h('option', { value: address }, store.nameOf(address)));
  const has = FIELDS.slice(1).some((name) => query.get(name));
  return h('form', { class: 'search-form', role: 'search', noValidate: true },
    h('div', { class: 'row' }, h('label', { class: 'search' }, icon('search'), h('input', { class: 'input', type: 'search', name: 'q', value: query.get('q') ?? '', placeholder: t('search.words'), aria: { label: t('search.words') }, autocomplete: 'off', maxLength: 500 })),
      button(t('ui.search'), { kind: 'primary', type: 'submit' })),
    h('details', { class: 'filters', open: has }, h('summary', {}, t('search.filters')),
      h('div', { class: 'filter-fields' }, select('room', t('search.room'), [['', t('search.anyRoom')], ...rooms]),
        h('div', { class: 'field' }, h('label', { htmlFor: 'search-from' }, t('search.from')), h('input', { class: 'input', name: 'from', list: 'search-people', id: 'search-from', value: query.get('from') ?? '', autocomplete: 'off', autocapitalize: 'none', spellcheck: false, placeholder: t('search.fromHint') })),
        select('kind', t('search.kind'), [['', t('search.anyKind')], ...KINDS.map((kind) => [kind, t(`search.kind.${kind}`)])]), day('since', t('search.since')), day('until', t('search.until')),
        h('datalist', { id: 'search-people' }, known))));
}

const valueOf = (form, name) => form.elements[name].value.trim();

function address(form) {
  const pairs = FIELDS.map((name) => [name, valueOf(form, name)]).filter(([, value]) => value);
  return pairs.length ? `/search?${new URLSearchParams(pairs)}` : '/search';
}

/** What the daemon is asked; nothing while there is nothing to look for. */
function question(form) {
  const day = (name, more) => { const text = valueOf(form, name); return text ? midnightOf(more ? plusDays(text, more) : text) : undefined; };
  const asked = { q: valueOf(form, 'q') || undefined, room: valueOf(form, 'room') || undefined, from: valueOf(form, 'from').toLowerCase() || undefined, kind: valueOf(form, 'kind') || undefined, after: day('since'), before: day('until', 1) };
  return Object.values(asked).some((value) => value !== undefined) ? asked : null;
}

async function run(search) {
  const { store, form, results } = search;
  const number = ++search.number;
  const asked = question(form);
  if (!asked) { fill(results, empty('search', t('search.begin'), t('search.beginText'))); return; }
  if (!results.querySelector('.result')) fill(results, loading());
  try {
    const page = await store.api.get('/search', { ...asked, limit: 50 });
    if (number !== search.number) return;
    if (!page.items.length) { fill(results, empty('search', t('search.none'), page.complete ? t('search.noneText') : t('search.building'))); return; }
    const list = h('ul', { class: 'result-list' });
    fill(results, !page.complete && h('div', { class: 'banner warn' }, icon('clock'), h('p', {}, t('search.building'))), list);
    await more(search, asked, list, page);
  } catch (error) { if (number === search.number) fill(results, failed(error, () => run(search))); }
}

/** Adds a page of findings, and the way to the next one. */
async function more(search, asked, list, page) {
  const { store } = search;
  list.append(...page.items.map((finding) => h('li', {}, resultRow(store, finding))));
  if (!page.next) return;
  const next = h('li', { class: 'more' }, button(t('search.more'), { onClick: async () => {
    try {
      const following = await store.api.get('/search', { ...asked, limit: 50, cursor: page.next });
      next.remove();
      await more(search, asked, list, following);
    } catch (error) { fill(next, failed(error, () => {})); }
  } }));
  list.append(next);
}

/** Where a finding leads. A comment stands under its note. */
export const pathOf = ({ room, index, kind }) => `/rooms/${room}#${{ note: 'note-', date: 'date-', comment: 'comment-' }[kind] ?? ''}${index}`;

const DRAWINGS = { file: 'file', note: 'note', comment: 'note', date: 'calendar' };

function resultRow(store, finding) {
  const room = store.rooms.get(finding.room);
  const name = finding.author ? store.nameOf(finding.author) : '';
  return h('a', { class: 'result', href: pathOf(finding) },
    DRAWINGS[finding.kind] ? h('span', { class: 'avatar group', aria: { hidden: true } }, icon(DRAWINGS[finding.kind])) : avatar(name || '?', finding.author ?? '', { external: Boolean(finding.author) && !store.isOurs(finding.author) }),
    h('span', { class: 'grow person-text' },
      h('span', { class: 'row' }, h('bdi', { class: 'message-author' }, name), h('span', { class: 'faint clip grow' }, t('search.in', { room: room ? store.roomName(room) : t('notices.someRoom') })), h('time', { class: 'faint', title: dateTime(finding.made_at) }, ago(finding.made_at))),
      h('span', { class: 'snippet', dir: 'auto' }, finding.snippet.map((piece) => (piece.match ? h('mark', {}, plain(piece.text)) : plain(piece.text))))));
}
