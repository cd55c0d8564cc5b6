// The pages that are not rooms: home, contacts, one contact, notifications, settings.

import { fill, h, icon } from '../shared/dom.js';
import { LANGUAGES, ago, currentLanguage, dateTime, has, setLanguage, t } from '../shared/i18n.js';
import { setTheme, theme } from '../shared/theme.js';
import { avatar, button, complain, empty, externalBadge, failed, field, loading, toast, toggle } from '../shared/ui.js';
import { addContact, contactCard, contactRows, newGroup } from './people.js';
import { photoEditor } from './photos.js';
import { plain } from './words.js';

const page = (app, title, actions, ...body) => h('div', { class: 'main-page' }, h('header', { class: 'main-head' }, app.backButton(), h('h1', { class: 'grow' }, title), actions), h('div', { class: 'page-body' }, body));

/** What is shown beside the list when no room is chosen. */
export function homePage(store, app) {
  const key = (keys, text) => h('div', {}, h('dt', {}, keys.map((one) => h('kbd', {}, one))), h('dd', {}, text));
  return h('div', { class: 'main-page home' }, empty('chat', t('home.title', { name: plain(store.me.name) }), t('home.text'),
    h('div', { class: 'row wrap' }, button(t('nav.newGroup'), { icon: 'group', onClick: () => newGroup(store, app) }), button(t('nav.addContact'), { icon: 'personAdd', kind: 'primary', onClick: () => addContact(store, app) })),
    h('dl', { class: 'keys', aria: { label: t('keys.title') } }, key(['Ctrl', 'K'], t('keys.find')), key(['Alt', '↑', '↓'], t('keys.nextRoom')), key(['F6'], t('keys.pane')), key(['↑', '↓'], t('keys.list')), key(['Enter'], t('keys.menu')), key(['↑'], t('keys.editLast')))));
}

export function contactsPage(store, app) {
  const add = button(t('contact.add'), { icon: 'personAdd', kind: 'primary small', onClick: () => addContact(store, app) });
  const rows = contactRows(store);
  return page(app, t('contact.title'), add, rows.length ? h('ul', { class: 'cards' }, rows) : empty('person', t('contact.none'), t('contact.noneText')));
}

export function contactPage(store, app, address) {
  return page(app, t('contact.card'), null, h('div', { class: 'narrow' }, contactCard(store, app, address)));
}

/** A notification in words. */
export function noticeText(store, notice) {
  const room = store.rooms.get(notice.room);
  const key = `notices.${notice.kind}`;
  return t(has(key) ? key : 'notices.other', {
    org: plain(store.peer(notice.peer)?.org_name) || notice.peer, name: notice.address && store.nameOf(notice.address), address: notice.address,
    room: room ? store.roomName(room) : t('notices.someRoom'), kind: plain(notice.kind),
  });
}

const NOTICE_ICONS = { available: 'link', ended: 'unlink', contact_added: 'person', contact_unavailable: 'alert', direct_room: 'chat', joined: 'group', removed: 'close', mentioned: 'bell', note: 'note', comment: 'note', date: 'calendar', refused: 'alert', frozen: 'lock', invitation_declined: 'alert' };

/** Where a notification leads. */
export function noticePath(store, notice) {
  if (store.rooms.has(notice.room)) {
    const kind = { note: 'note-', comment: 'comment-', date: 'date-', mentioned: '' }[notice.kind];
    return `/rooms/${notice.room}${kind === undefined || notice.index === undefined ? '' : `#${kind}${notice.index}`}`;
  }
  const contact = notice.address && store.contacts.get(notice.address);
  return contact?.room ? `/rooms/${contact.room}` : contact ? `/contacts/${encodeURIComponent(notice.address)}` : null;
}

export function noticesPage(store, app) {
  const unread = store.me.unread_notifications;
  const read = async () => {
    const newest = store.notices[0];
    if (!newest) return;
    await store.api.put('/notifications/read', { before: newest.n + 1 }).then(() => store.readMe(), complain);
    app.draw();
  };
  const rows = store.notices.map((notice, at) => {
    const path = noticePath(store, notice);
    const inside = [icon(NOTICE_ICONS[notice.kind] ?? 'bell'), h('span', { class: 'grow' }, noticeText(store, notice), h('time', { class: 'faint block', title: dateTime(notice.at) }, ago(notice.at)))];
    const look = { class: ['notice', at < unread && 'unread'] };
    return h('li', {}, path ? h('a', { ...look, href: path }, inside) : h('div', look, inside));
  });
  const all = unread > 0 && button(t('notices.allRead'), { icon: 'check', kind: 'small', onClick: read });
  return page(app, t('notices.title'), all, rows.length ? h('ul', { class: 'cards' }, rows) : empty('bell', t('notices.none'), t('notices.noneText')));
}

export function settingsPage(store, app) {
  return page(app, t('settings.title'), button(t('ui.signOut'), { icon: 'signOut', kind: 'small', onClick: () => app.signOut() }),
    h('div', { class: 'narrow stack wide-gap' }, profile(store), look(), notifications(app), store.features.signals && signals(store), partners(store), password(store)));
}

function profile(store) {
  const name = field(t('settings.name'), { value: store.me.name, maxLength: 64, hint: t('settings.nameHint'), autocomplete: 'name' });
  const form = h('form', { class: 'stack' }, name.element, h('div', {}, button(t('ui.save'), { type: 'submit' })));
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    try {
      await store.api.patch('/me', { name: name.input.value });
      await store.readMe();
      toast(t('contact.saved'), { kind: 'good' });
    } catch (error) { name.fail(error.message); }
  });
  return h('section', { class: 'card stack' }, h('h2', {}, t('settings.profile')), store.features.photos && photoEditor(store, { face: () => avatar(plain(store.me.name), store.me.address, { size: 'large' }), path: '/me/photo', has: () => Boolean(store.me.photo), done: () => store.readMe() }), h('p', { class: 'soft' }, store.me.address), form);
}

function look() {
  const select = (label, options, chosen, onChange) => {
    const id = `select-${label}`;
    return h('div', { class: 'field' }, h('label', { htmlFor: id }, t(label)), h('select', { class: 'input', id, on: { change: (event) => onChange(event.target.value) } },
      options.map(([value, text]) => h('option', { value, selected: value === chosen }, text))));
  };
  return h('section', { class: 'card stack' }, h('h2', {}, t('settings.look')),
    select('ui.theme', ['system', 'light', 'dark'].map((one) => [one, t(`ui.theme.${one}`)]), theme(), setTheme),
    select('ui.language', Object.entries(LANGUAGES), currentLanguage(), setLanguage));
}

function notifications(app) {
  const isDenied = !('Notification' in window) || Notification.permission === 'denied';
  const control = toggle(t('settings.notify'), app.notifies, (on) => app.setNotifies(on), { disabled: isDenied });
  return h('section', { class: 'card stack' }, h('h2', {}, t('notices.title')), control, isDenied && h('p', { class: 'faint' }, t('settings.notifyDenied')));
}

/** Which signals one sends and sees: both, or neither. */
function signals(store) {
  const place = h('div', { class: 'stack' }, loading());
  const draw = (settings) => fill(place, ['receipts', 'typing', 'presence'].map((kind) => {
    const isPermitted = settings.organization[kind];
    const change = async (on) => draw(await store.api.put('/me/presence-settings', { receipts: settings.receipts, typing: settings.typing, presence: settings.presence, [kind]: on }));
    return [toggle(t(`settings.signals.${kind}`), settings[kind] && isPermitted, change, { disabled: !isPermitted }), !isPermitted && h('p', { class: 'faint' }, t('settings.signals.off'))];
  }));
  const read = () => store.api.get('/me/presence-settings').then(draw, (error) => fill(place, failed(error, read)));
  read();
  return h('section', { class: 'card stack' }, h('h2', {}, t('settings.signals')), h('p', { class: 'faint' }, t('settings.signalsText')), place);
}

function partners(store) {
  const rows = store.me.peers.map((peer) => h('li', { class: 'row' }, h('span', { class: 'grow' }, externalBadge(plain(peer.org_name)), ' ', h('span', { class: 'faint' }, peer.peer)),
    h('span', { class: ['badge', peer.state === 'open' ? 'good' : 'warn'] }, t(`link.${peer.state}`))));
  return h('section', { class: 'card stack' }, h('h2', {}, t('settings.partners')), rows.length ? h('ul', { class: 'stack' }, rows) : h('p', { class: 'soft' }, t('settings.noPartners')));
}

function password(store) {
  const current = field(t('settings.current'), { type: 'password', autocomplete: 'current-password', required: true });
  const fresh = field(t('settings.new'), { type: 'password', autocomplete: 'new-password', required: true, hint: t('settings.newHint') });
  const user = h('input', { type: 'text', name: 'username', autocomplete: 'username', value: store.me.address, hidden: true });
  const form = h('form', { class: 'stack' }, user, current.element, fresh.element, h('div', {}, button(t('settings.change'), { type: 'submit' })));
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    try {
      await store.api.send('PUT', '/me/password', { body: { current: current.input.value, new: fresh.input.value }, quiet: true });
      form.reset();
      toast(t('settings.changed'), { kind: 'good' });
    } catch (error) { (error.field === 'new' ? fresh : current).fail(error.message); }
  });
  return h('section', { class: 'card stack' }, h('h2', {}, t('settings.password')), form);
}

/** Tells the person of something in the corner. */
export function toastNotice(store, app, notice) {
  // What one looks at needs no word in the corner.
  if (document.hasFocus() && notice.room && notice.room === store.current && ['mentioned', 'note', 'comment', 'date'].includes(notice.kind)) return;
  const path = noticePath(store, notice);
  const kind = { ended: 'warn', refused: 'bad', frozen: 'bad', contact_unavailable: 'warn' }[notice.kind] ?? '';
  toast(noticeText(store, notice), { kind, action: path && { label: t('ui.open'), onPick: () => app.go(path) } });
}
