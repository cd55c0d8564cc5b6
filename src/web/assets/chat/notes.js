// The notes of a room: a list, a note with its comments, writing one.

import { fill, h, icon } from '../shared/dom.js';
import { ago, dateTime, t } from '../shared/i18n.js';
import { ask, avatar, button, complain, empty, failed, field, iconButton, loading, openDialog, openMenu } from '../shared/ui.js';
import { attachments } from './attachments.js';
import { fileCard } from './message.js';
import { toolIsOff, turns } from './tools.js';
import { plain, words } from './words.js';

/** The tab. Returns {element, refresh(), open(index)}. */
export function notesTab({ store, room: given }) {
  const element = h('div', { class: 'tab-body' }, loading());
  const room = () => store.rooms.get(given.id) ?? given;
  const path = (index) => `/rooms/${given.id}/notes${index === undefined ? '' : `/${index}`}`;
  const turn = turns();
  let shown;
  // What is written under each note and not sent yet: it outlives drawing the note anew.
  const drafts = new Map();
  const tab = { element, store, room, path, drafts };
  tab.list = async () => {
    shown = undefined;
    const isLast = turn();
    try {
      const page = await store.api.get(path(), { limit: 200 });
      if (isLast()) drawList(tab, page);
    } catch (error) { if (isLast()) fill(element, failed(error, tab.list)); }
  };
  tab.open = async (index) => {
    shown = index;
    const isLast = turn();
    try {
      const [note, comments] = await Promise.all([store.api.get(path(index)), store.api.all(`${path(index)}/comments`)]);
      if (isLast()) drawNote(tab, note, comments);
    } catch (error) {
      if (!isLast()) return undefined;
      if (error.status === 404) return tab.list();
      fill(element, failed(error, () => tab.open(index)));
    }
    return undefined;
  };
  tab.refresh = () => {
    // What is being written under a note is not taken away.
    if (element.contains(document.activeElement) && document.activeElement.value) return undefined;
    return shown === undefined ? tab.list() : tab.open(shown);
  };
  tab.list();
  return tab;
}

function drawList(tab, { items }) {
  const off = toolIsOff(tab.store, tab.room(), 'note');
  const isOpen = !off && tab.room().writable;
  const pinned = items.filter((note) => note.pinned);
  const others = items.filter((note) => !note.pinned);
  const group = (title, notes) => notes.length > 0 && h('section', {}, title && h('h2', { class: 'group-title' }, title), h('ul', { class: 'item-list' }, notes.map((note) => h('li', {}, noteRow(tab, note)))));
  fill(tab.element,
    off,
    isOpen && h('div', { class: 'tab-actions' }, button(t('notes.new'), { icon: 'add', kind: 'small primary', onClick: () => writeNote(tab) })),
    items.length ? [group(pinned.length > 0 && t('notes.pinned'), pinned), group(pinned.length > 0 && t('notes.others'), others)]
      : !off && empty('note', t('notes.none'), t('notes.noneText')));
}

function noteRow(tab, note) {
  const { store } = tab;
  const facts = [store.nameOf(note.author), ago(note.made_at), note.comments_count > 0 && t('notes.comments', { n: note.comments_count })].filter(Boolean).join(' · ');
  return h('button', { class: 'item-row', type: 'button', on: { click: () => tab.open(note.index) } },
    icon(note.pinned ? 'pin' : 'note'),
    h('span', { class: 'grow person-text' }, h('bdi', { class: 'item-title' }, plain(note.title)), note.text && h('bdi', { class: 'two-lines soft' }, plain(note.text.slice(0, 200).replace(/\s+/g, ' '))), h('span', { class: 'faint' }, facts)));
}

function drawNote(tab, note, comments) {
  const { store } = tab;
  const room = tab.room();
  const isOpen = room.writable && !toolIsOff(store, room, 'note');
  const isMine = note.author === store.me.address;
  const back = button(t('notes.all'), { icon: 'back', kind: 'plain small', onClick: tab.list });
  const more = iconButton('more', t('ui.more'), () => openMenu(more, [
    isMine && { label: t('ui.edit'), icon: 'edit', onPick: () => writeNote(tab, note) },
    { label: t(note.pinned ? 'notes.unpin' : 'notes.pin'), icon: 'pin', onPick: () => change(tab, note.index, note.pinned ? 'DELETE' : 'PUT', '/pin') },
    (isMine || room.you?.role === 'master') && { label: t('ui.delete'), icon: 'trash', danger: true, onPick: () => deleteNote(tab, note) },
  ]), { class: 'small', aria: { label: t('ui.more'), haspopup: 'menu' } });
  fill(tab.element,
    h('div', { class: 'row tab-top' }, back, h('span', { class: 'grow' }), isOpen && more),
    h('article', { class: 'item-full' },
      h('h2', { tabIndex: -1 }, h('bdi', {}, plain(note.title))),
      byline(store, note.author, note.made_at, [note.pinned && h('span', { class: 'badge' }, icon('pin'), t('notes.pinned')), note.edited_at && h('span', { class: 'faint', title: dateTime(note.edited_at) }, `(${t('message.edited')})`)]),
      note.text && words(note.text),
      note.files?.length > 0 && h('div', { class: 'files' }, note.files.map(({ file, state }) => fileCard(room, file, [{ digest: file.digest, state }])))),
    h('section', { class: 'comments' }, h('h2', { class: 'group-title' }, t('notes.comments', { n: comments.length })),
      h('ul', {}, comments.map((comment) => h('li', {}, commentRow(tab, note, comment, isOpen)))),
      isOpen && commentForm(tab, note)));
}

/** Who made something, and when. */
export function byline(store, author, at, marks = []) {
  const name = store.nameOf(author);
  return h('p', { class: 'byline' }, avatar(name, author, { size: 'small', external: !store.isOurs(author) }), h('bdi', {}, name), h('time', { class: 'faint', title: dateTime(at) }, ago(at)), marks);
}

function commentRow(tab, note, comment, isOpen) {
  const { store } = tab;
  const name = store.nameOf(comment.author);
  const mayDelete = isOpen && (comment.author === store.me.address || tab.room().you?.role === 'master');
  return h('div', { class: 'comment' }, avatar(name, comment.author, { size: 'small', external: !store.isOurs(comment.author) }),
    h('div', { class: 'grow' }, h('p', { class: 'row' }, h('bdi', { class: 'message-author' }, name), h('time', { class: 'faint grow', title: dateTime(comment.made_at) }, ago(comment.made_at)),
      mayDelete && iconButton('trash', t('notes.deleteComment'), () => change(tab, note.index, 'DELETE', `/comments/${comment.index}`), { class: 'small' })),
    words(comment.text)));
}

function commentForm(tab, note) {
  const text = h('textarea', { class: 'input', rows: 2, placeholder: t('notes.comment'), aria: { label: t('notes.comment') }, dir: 'auto' });
  const send = button(t('compose.send'), { kind: 'small', type: 'submit' });
  const form = h('form', { class: 'stack comment-form' }, text, h('div', {}, send));
  const write = (draft) => { tab.drafts.set(note.index, draft); text.value = draft; };
  write(tab.drafts.get(note.index) ?? '');
  text.addEventListener('input', () => tab.drafts.set(note.index, text.value));
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const said = text.value.trim();
    if (!said) { text.focus(); return; }
    write('');
    send.disabled = true;
    try {
      await tab.store.api.post(`${tab.path(note.index)}/comments`, { text: said });
      await tab.open(note.index);
      tab.element.querySelector('.comment-form textarea')?.focus();
    } catch (error) {
      complain(error);
      // What could not be sent comes back, before what was written since.
      write([said, tab.drafts.get(note.index)].filter(Boolean).join('\n'));
      send.disabled = false;
    }
  });
  text.addEventListener('keydown', (event) => { if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) { event.preventDefault(); form.requestSubmit(); } });
  return form;
}

async function change(tab, index, method, below) {
  await tab.store.api.send(method, tab.path(index) + below).then(() => tab.open(index), complain);
}

async function deleteNote(tab, note) {
  if (!await ask(t('notes.delete'), t('notes.deleteAsk'), { yes: t('ui.delete'), danger: true })) return;
  await tab.store.api.delete(tab.path(note.index)).then(tab.list, complain);
}

/** Posts a note, or says `note` anew. */
export function writeNote(tab, note) {
  return openDialog(t(note ? 'notes.edit' : 'notes.new'), (dialog) => {
    const title = field(t('notes.title'), { value: note?.title ?? '', maxLength: 100, required: true, autocomplete: 'off', dir: 'auto' });
    const text = field(t('notes.text'), { multiline: true, rows: 8, value: note?.text ?? '', hint: t('notes.textHint'), dir: 'auto' });
    const submit = button(t(note ? 'ui.save' : 'notes.post'), { kind: 'primary', type: 'submit' });
    const files = attachments(tab.store, tab.room(), note?.files, (isBusy) => { submit.disabled = isBusy; });
    const form = h('form', { id: 'write-note', class: 'stack', noValidate: true }, title.element, text.element, tab.store.features.files && files.element);
    files.watch(form);
    submit.setAttribute('form', form.id);
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      const body = { title: title.input.value.trim(), text: text.input.value.trim() || undefined };
      // A note that is said anew has only the files that are named again.
      const given = files.value();
      if (given.length) body.files = given;
      if (!body.title) { title.fail(t('notes.titleNeeded')); title.input.focus(); return; }
      submit.disabled = true;
      try {
        const posted = note ? await tab.store.api.put(tab.path(note.index), body) : await tab.store.api.post(tab.path(), body);
        dialog.close('done');
        if (note) tab.open(note.index); else if (posted?.index !== undefined) tab.open(posted.index); else tab.list();
      } catch (error) {
        submit.disabled = false;
        (error.field === 'title' ? title : text).fail(error.message);
      }
    });
    return { body: form, footer: [button(t('ui.cancel'), { onClick: () => dialog.close('') }), submit] };
  });
}
