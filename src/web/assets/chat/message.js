// A message of the timeline: text, files, reactions, delivery state; and what happened, in words.

import { h, icon } from '../shared/dom.js';
import { bytes, clock, dateTime, has, t } from '../shared/i18n.js';
import { avatar, button, iconButton, openDialog, toast } from '../shared/ui.js';
import { describeCall } from './calls/entry.js';
import { plain, words } from './words.js';

/** The text of a message as it stands now; undefined after a recall. */
export function textNow(item) {
  if (item.now?.recalled) return undefined;
  return item.now?.edited?.text ?? item.event.text;
}

/** Whether a message was taken back: then neither text nor files are left of it. */
export const isTakenBack = ({ event, now }) => Boolean(now?.recalled) || (event.text === undefined && !event.files?.length);

/** What happened, in words. `short`: on one line, for lists. */
export function describeEvent(store, item, { short = false } = {}) {
  const { event } = item;
  const name = event.author ? store.nameOf(event.author) : t('event.rule');
  const users = (event.users ?? []).map((address) => store.nameOf(address)).join(', ');
  switch (event.kind) {
    case 'message': {
      if (isTakenBack(item)) return t('message.recalled', { name });
      const text = textNow(item) || (event.files ?? []).map((file) => plain(file.name)).join(', ');
      return short ? text.slice(0, 160).replace(/\s+/g, ' ') : text;
    }
    case 'created': return t('event.created', { name });
    case 'joined': return !event.author || (event.users ?? []).includes(event.author) ? t('event.joined', { users }) : t('event.joinedBy', { name, users });
    case 'removed': return t('event.removed', { name, users });
    case 'excluded': {
      const cause = `cause.${(event.cause ?? '').toLowerCase()}`;
      return t('event.excluded', { users, cause: has(cause) ? t(cause) : (event.cause ?? '').toLowerCase().replaceAll('_', ' ') });
    }
    case 'role': return t(`event.role.${event.role === 'master' ? 'master' : 'member'}`, { user: store.nameOf(event.user) });
    case 'note': return item.now?.recalled || event.title === undefined ? t('event.noteDeleted', { name }) : short ? t('event.noteShort', { title: plain(event.title) }) : t('event.note', { name });
    case 'date': return short ? t('event.dateShort', { title: plain(event.title) }) : t('event.date', { name });
    case 'folder_make': return t('event.folderMade', { name, entry: plain(event.name) });
    case 'folder_add': return t('event.folderAdded', { name, entry: plain(event.name ?? event.files?.[0]?.name ?? event.file?.name) });
    case 'call': return describeCall(store, event);
    case 'settings': return event.name ? t('event.renamed', { name, room: plain(event.name) }) : t('event.settings', { name });
    default: return t('event.other', { name, kind: plain(event.kind) });
  }
}

/**
 * A message's row. `row`: {item, follows (same author just before), letter (of the outbox), number (of a submission)}.
 * `deeds`: what the list does on the person's wish.
 */
export function messageRow(store, room, row, deeds) {
  const { item, follows } = row;
  const { event } = item;
  const isMine = event.author === store.me.address;
  const name = store.nameOf(event.author);
  const isExternal = !store.isOurs(event.author);
  const state = row.letter?.state ?? item.delivery?.state;
  const author = !follows && h('div', { class: 'message-head' },
    h('bdi', { class: 'message-author', title: event.author }, name),
    isExternal && h('span', { class: 'badge external' }, h('bdi', {}, store.orgNameOf(event.author))),
    h('time', { class: 'faint', dateTime: new Date(event.made_at).toISOString(), title: dateTime(event.made_at) }, clock(event.made_at)));
  return h('article', { class: ['message', follows && 'follows', isMine && 'mine', state && `is-${state}`], tabIndex: -1, aria: { label: spoken(store, row, state) } },
    follows ? h('time', { class: 'message-aside faint', aria: { hidden: true } }, clock(event.made_at)) : h('div', { class: 'message-aside' }, avatar(name, event.author, { external: isExternal })),
    h('div', { class: 'message-main' }, author, body(store, room, item, deeds), isMine && delivery(store, room, row, deeds), row.readers && readMarks(store, row.readers.split(' '))));
}

/** Who has read this far: small faces, with their names. */
function readMarks(store, people) {
  const label = t('message.readBy', { names: people.map((address) => store.nameOf(address)).join(', ') });
  const faces = people.slice(0, 5).map((address) => avatar(store.nameOf(address), address, { size: 'tiny' }));
  return h('div', { class: 'read-marks', title: label, role: 'img', aria: { label } }, faces, people.length > 5 && h('span', { class: 'faint' }, `+${people.length - 5}`));
}

function spoken(store, { item }, state) {
  const parts = [store.nameOf(item.event.author), clock(item.event.made_at), describeEvent(store, item, { short: true })];
  if (state && item.event.author === store.me.address) parts.push(t(`delivery.${state}`, { org: '' }));
  return parts.join(', ');
}

function body(store, room, item, deeds) {
  const { event, now } = item;
  if (isTakenBack(item)) {
    const told = erasure(store, room, now);
    return h('div', { class: 'tombstone' }, icon('trash'), h('span', {}, t('message.recalled', { name: store.nameOf(now?.recalled?.by ?? event.author) }), told && h('span', { class: 'erasure' }, told)));
  }
  const mentions = [...(now?.edited?.mentions ?? event.mentions ?? [])].map((address) => ({ name: store.nameOf(address), isMe: address === store.me.address }));
  if (event.all) mentions.push({ name: t('compose.everybody'), isMe: true });
  const text = textNow(item);
  return [
    event.reply_to !== undefined && event.reply_to !== null && quote(store, room, item, deeds),
    text && said(text, mentions, item, deeds),
    event.files?.length > 0 && h('div', { class: 'files' }, event.files.map((file) => fileCard(room, file, now?.files))),
    now?.reactions?.length > 0 && reactions(store, item, deeds),
  ];
}

/** The text, and the way to what it said before. */
function said(text, mentions, item, deeds) {
  const element = words(text, mentions);
  const { edited } = item.now ?? {};
  if (edited) element.append(h('button', { class: 'edited', type: 'button', title: dateTime(edited.at), aria: { label: `(${t('message.edited')}) ${t('history.title')}` }, on: { click: () => deeds.history(item) } }, `(${t('message.edited')})`));
  if (edited?.delivery?.state === 'queued') element.append(h('span', { class: 'faint' }, ' ', t('message.editWaits')));
  return element;
}

/** After a recall of files: who has removed them. */
function erasure(store, room, now) {
  if (!now?.erasure) return null;
  const { here, partner } = now.erasure;
  const org = plain(room.partner_name) || room.partner;
  return [t(here ? 'erasure.here' : 'erasure.hereSoon'), partner === true && t('erasure.there', { org }), partner === false && t('erasure.thereSoon', { org })].filter(Boolean).join(' ');
}

function quote(store, room, item, deeds) {
  const { reply_to: index } = item.event;
  const known = store.timeline(room.id).find(index);
  const quoted = known ? { author: known.event.author, text: describeEvent(store, known, { short: true }) } : item.now?.quote;
  const text = quoted?.recalled ? t('message.recalled', { name: '' }) : quoted?.text ?? t('message.unavailable');
  return h('button', { class: 'quote', type: 'button', title: t('message.goTo'), on: { click: () => deeds.goTo(index) } },
    quoted?.author && h('bdi', { class: 'quote-author' }, store.nameOf(quoted.author)), h('bdi', { class: 'clip' }, text));
}

/** A file of a room: a picture, or a card to download it by. `places`: where files are. */
export function fileCard(room, file, places) {
  const name = plain(file.name) || 'file';
  if (!file.digest) return downloadCard('', name, file, 'sending');
  const url = `/api/v1/rooms/${room.id}/files/${file.digest}`;
  const state = places?.find((place) => place.digest === file.digest)?.state ?? 'here';
  if (file.image && state === 'here') {
    const scale = Math.min(1, 360 / file.image.width, 280 / file.image.height);
    const picture = h('img', { src: `${url}/thumbnail`, alt: name, loading: 'lazy', width: Math.max(24, Math.round(file.image.width * scale)), height: Math.max(24, Math.round(file.image.height * scale)) });
    const open = h('button', { class: 'picture', type: 'button', aria: { label: t('message.imageOpen', { name }) }, on: { click: () => openPicture(url, name, file) } }, picture);
    picture.addEventListener('error', () => open.replaceWith(downloadCard(url, name, file, state)));
    return open;
  }
  return downloadCard(url, name, file, state);
}

function downloadCard(url, name, file, state) {
  const facts = [bytes(file.bytes), state !== 'here' && t(`message.${state}`)].filter(Boolean).join(' · ');
  const inside = [state === 'awaited' ? h('span', { class: 'spinner', aria: { hidden: true } }) : icon(file.image ? 'image' : 'file'), h('span', { class: 'grow' }, h('bdi', { class: 'file-name' }, name), h('span', { class: 'faint' }, facts))];
  return state === 'here' ? h('a', { class: 'file', href: url, download: name }, inside, icon('download')) : h('div', { class: 'file' }, inside);
}

function openPicture(url, name, file) {
  openDialog(name, (dialog) => {
    dialog.classList.add('picture-dialog');
    return {
      body: h('img', { src: url, alt: name, class: 'picture-full' }),
      footer: [h('span', { class: 'faint grow' }, `${file.image.width} × ${file.image.height} · ${bytes(file.bytes)}`), h('a', { class: 'button', href: url, download: name }, icon('download'), t('ui.save'))],
    };
  });
}

function reactions(store, item, deeds) {
  return h('div', { class: 'reactions' }, item.now.reactions.map(({ emoji, people }) => {
    const isOn = people.includes(store.me.address);
    const names = people.map((address) => store.nameOf(address)).join(', ');
    return h('button', { class: 'reaction', type: 'button', title: names, aria: { pressed: isOn, label: `${plain(emoji)} ${people.length}: ${names}` }, on: { click: () => deeds.react(item, emoji, !isOn) } },
      h('span', {}, plain(emoji).slice(0, 16)), String(people.length));
  }));
}

const MARKS = { waiting: 'clock', sending: 'clock', queued: 'clock', delivered: 'checks', refused: 'alert', undelivered: 'alert', failed: 'alert' };

function delivery(store, room, { item, letter }, deeds) {
  const state = letter?.state ?? item.delivery?.state;
  if (!state) return null;
  const label = t(`delivery.${state}`, { org: plain(room.partner_name) || room.partner || '' });
  const isBad = ['refused', 'undelivered', 'failed'].includes(state);
  if (!isBad) return h('span', { class: ['delivery', state], title: label, role: 'img', aria: { label } }, icon(MARKS[state]));
  const reason = letter?.error ?? (item.delivery?.code ? codeInWords(item.delivery.code) : null);
  return h('div', { class: 'delivery bad' }, icon('alert'), h('span', {}, label, reason && ` (${reason})`),
    letter && button(t('message.retry'), { kind: 'small', onClick: () => deeds.retry(letter) }),
    letter && button(t('message.discard'), { kind: 'small plain', onClick: () => deeds.discard(letter) }));
}

const codeInWords = (code) => code.toLowerCase().replaceAll('_', ' ');

/** What can be done with a row's message, as buttons; none while it has no place, or was taken back. */
export function messageActions(store, room, { item, letter, number }, deeds) {
  if (letter || item.now?.recalled || number !== undefined) return null;
  const isMine = item.event.author === store.me.address;
  const { features } = store;
  const more = iconButton('more', t('ui.more'), () => deeds.menu(item, more), { class: 'small', tabIndex: -1, aria: { label: t('ui.more'), haspopup: 'menu' } });
  return h('div', { class: 'message-actions', role: 'group', aria: { label: t('message.actions') } },
    features.react && room.writable && iconButton('emoji', t('message.react'), (event) => deeds.pickReaction(item, event.currentTarget), { class: 'small', tabIndex: -1 }),
    room.writable && iconButton('reply', t('message.reply'), () => deeds.reply(item), { class: 'small', tabIndex: -1 }),
    isMine && features.edit && room.writable && iconButton('edit', t('message.edit'), () => deeds.edit(item), { class: 'small', tabIndex: -1 }),
    more);
}

/** Copies a message's text. */
export async function copyText(item) {
  await navigator.clipboard.writeText(textNow(item) ?? '');
  toast(t('ui.copied'), { kind: 'good', forMs: 2_000 });
}

