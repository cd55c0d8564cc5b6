// The folder of a room: subfolders, files with their versions, what was deleted and can be brought back.

import { fill, h, icon } from '../shared/dom.js';
import { ago, bytes, date, dateTime, t } from '../shared/i18n.js';
import { ask, button, complain, empty, failed, field, iconButton, loading, openDialog, openMenu, toast } from '../shared/ui.js';
import { toolIsOff, turns } from './tools.js';
import { upload } from './uploads.js';
import { plain } from './words.js';

const ENTRIES_MAX = 5_000;

/** The tab. Returns {element, refresh(), open(index)}. */
export function folderTab({ store, room }) {
  return new FolderTab(store, room);
}

class FolderTab {
  element = h('div', { class: 'tab-body' }, loading());
  /** The subfolder that is shown: an index; undefined at the top; `deleted` for what was deleted. */
  #place;
  #ask = turns();
  #uploads = [];

  constructor(store, given) {
    this.store = store;
    this.given = given;
    this.refresh();
    this.element.addEventListener('dragover', (event) => { if (this.isOpen) { event.preventDefault(); event.stopPropagation(); } });
    this.element.addEventListener('drop', (event) => { if (this.isOpen && event.dataTransfer.files.length) { event.preventDefault(); event.stopPropagation(); this.#add(event.dataTransfer.files); } });
  }

  get room() { return this.store.rooms.get(this.given.id) ?? this.given; }
  get isOpen() { return this.room.writable && !toolIsOff(this.store, this.room, 'folder') && this.#place !== 'deleted'; }
  path(index, below = '') { return `/rooms/${this.given.id}/folder${index === undefined ? '' : `/${index}`}${below}`; }

  async refresh() {
    const isLast = this.#ask();
    try {
      const entries = await this.#read('all');
      const deleted = this.#place === 'deleted' ? await this.#read('deleted') : [];
      if (!isLast()) return;
      [this.entries, this.deleted] = [entries, deleted];
      if (typeof this.#place === 'number' && !this.#entry(this.#place)) this.#place = undefined;
      this.#draw();
    } catch (error) { if (isLast()) fill(this.element, failed(error, () => this.refresh())); }
  }

  /** Shows the subfolder in which an entry is. */
  async open(index) {
    await this.refresh();
    const entry = this.#entry(index);
    this.#go(entry?.kind === 'folder' ? index : entry?.in);
    this.element.querySelector(`[data-entry="${index}"]`)?.focus();
  }

  async #read(inside) {
    const entries = [];
    for (let before; entries.length < ENTRIES_MAX;) {
      const page = await this.store.api.get(this.path(), { in: inside, limit: 200, before });
      entries.push(...page.items);
      before = page.next;
      if (!before) break;
    }
    return entries;
  }

  #entry(index) { return this.entries.find((one) => one.index === index); }

  #go(place) {
    this.#place = place;
    if (place === 'deleted') this.refresh(); else this.#draw();
  }

  #draw() {
    const { store, room } = this;
    const isDeleted = this.#place === 'deleted';
    const shown = isDeleted ? this.deleted : this.entries.filter((one) => one.in === this.#place);
    const order = (one) => `${one.kind === 'folder' ? 0 : 1}${one.name.toLowerCase()}`;
    const sorted = [...shown].sort((a, b) => order(a).localeCompare(order(b)));
    const none = isDeleted ? empty('trash', t('folder.noneDeleted')) : empty('folder', t('folder.none'), t('folder.noneText'));
    fill(this.element, toolIsOff(store, room, 'folder'), this.#crumbs(), this.isOpen && this.#actions(), this.#progress(),
      sorted.length ? h('ul', { class: 'item-list' }, sorted.map((entry) => h('li', { class: 'entry' }, this.#row(entry)))) : this.#uploads.length === 0 && none);
  }

  #crumbs() {
    const isDeleted = this.#place === 'deleted';
    const above = [];
    for (let entry = this.#entry(this.#place); entry && above.length < 20; entry = this.#entry(entry.in)) above.unshift(entry);
    const crumb = (label, place) => h('button', { type: 'button', class: 'crumb', aria: { current: place === this.#place ? 'page' : null }, on: { click: () => this.#go(place) } }, label);
    const bin = iconButton('trash', t('folder.deleted'), () => this.#go(isDeleted ? undefined : 'deleted'), { class: 'small', aria: { label: t('folder.deleted'), pressed: isDeleted } });
    return h('nav', { class: 'row crumbs', aria: { label: t('folder.path') } }, h('div', { class: 'grow row wrap-start' }, crumb(t('panel.tab.folder'), undefined),
      isDeleted ? [icon('forward'), crumb(t('folder.deleted'), 'deleted')] : above.map((entry) => [icon('forward'), crumb(plain(entry.name), entry.index)])), bin);
  }

  #actions() {
    const picker = h('input', { type: 'file', multiple: true, hidden: true, tabIndex: -1, aria: { label: t('folder.add') }, on: { change: () => { this.#add(picker.files); picker.value = ''; } } });
    const why = this.room.files_off?.detail;
    return h('div', { class: 'tab-actions' }, button(t('folder.add'), { icon: 'add', kind: 'small primary', disabled: Boolean(why), title: why, onClick: () => picker.click() }),
      button(t('folder.make'), { icon: 'folder', kind: 'small', onClick: () => this.#name(t('folder.make'), '', (name) => this.store.api.post(this.path(), { name, in: this.#place })) }), picker);
  }

  #progress() {
    return this.#uploads.map((one) => {
      one.bar = h('progress', { max: 1, value: one.share, aria: { label: t('compose.uploading', { name: one.name }) } });
      return h('div', { class: 'file' }, icon('file'), h('span', { class: 'grow' }, h('bdi', { class: 'file-name' }, one.name), one.bar), iconButton('close', t('ui.cancel'), () => one.abort.abort(), { class: 'small' }));
    });
  }

  #add(files) { for (const file of files) this.#upload(file, (id) => this.store.api.post(this.path(), { in: this.#place, file: { upload: id } })); }

  async #upload(file, then) {
    const one = { name: plain(file.name), share: 0, abort: new AbortController() };
    this.#uploads.push(one);
    this.#draw();
    try {
      await then(await upload(file, (share) => { one.share = share; one.bar.value = share; }, one.abort.signal));
    } catch (error) { complain(error); }
    this.#uploads = this.#uploads.filter((other) => other !== one);
    this.refresh();
  }

  #row(entry) {
    const { store } = this;
    const name = plain(entry.name);
    const { version } = entry;
    const url = version && `/api/v1/rooms/${this.given.id}/files/${version.file.digest}`;
    const facts = entry.deleted ? t('folder.until', { name: store.nameOf(entry.deleted.by), day: date(entry.deleted.until) })
      : [version && bytes(version.file.bytes), store.nameOf(version?.author ?? entry.author), ago(version?.made_at ?? entry.made_at), version?.state === 'awaited' && t('message.awaited'), entry.versions > 1 && t('folder.versionCount', { n: entry.versions })].filter(Boolean).join(' · ');
    const inside = [drawing(entry, url), h('span', { class: 'grow person-text' }, h('bdi', { class: 'item-title clip' }, name), h('span', { class: 'faint' }, facts))];
    const more = iconButton('more', `${t('ui.more')}: ${name}`, () => openMenu(more, this.#menu(entry, url)), { class: 'small', aria: { label: `${t('ui.more')}: ${name}`, haspopup: 'menu' } });
    const look = { class: 'item-row', data: { entry: entry.index } };
    const row = entry.deleted || version?.state === 'awaited' ? h('div', look, inside)
      : entry.kind === 'folder' ? h('button', { ...look, type: 'button', on: { click: () => this.#go(entry.index) } }, inside) : h('a', { ...look, href: `${url}?index=${version.index}`, download: entry.name }, inside);
    return [row, more];
  }

  #menu(entry, url) {
    const { store } = this;
    const { api } = store;
    const isMaster = this.room.you?.role === 'master';
    const may = this.room.writable && !toolIsOff(store, this.room, 'folder');
    const mayDelete = may && (isMaster || entry.author === store.me.address);
    const act = (promise) => promise.then(() => this.refresh(), complain);
    if (entry.deleted) return [may && { label: t('folder.restore'), icon: 'refresh', onPick: () => act(api.post(this.path(entry.index, '/restore'))) }];
    return [
      url && entry.version.state !== 'awaited' && { label: t('folder.download'), icon: 'download', onPick: () => h('a', { href: `${url}?index=${entry.version.index}`, download: entry.name }).click() },
      may && { label: t('folder.rename'), icon: 'edit', onPick: () => this.#name(t('folder.rename'), entry.name, (name) => api.put(this.path(entry.index, '/name'), { name })) },
      may && { label: t('folder.move'), icon: 'folder', onPick: () => this.#move(entry) },
      may && url && { label: t('folder.newVersion'), icon: 'add', onPick: () => this.#newVersion(entry) },
      url && { label: t('folder.versions'), icon: 'clock', onPick: () => this.#versions(entry) },
      mayDelete && { label: t('ui.delete'), icon: 'trash', danger: true, onPick: async () => { if (await ask(t('folder.delete'), t('folder.deleteAsk', { name: plain(entry.name) }), { yes: t('ui.delete'), danger: true })) await act(api.delete(this.path(entry.index))); } },
    ];
  }

  #name(title, value, send) {
    return openDialog(title, (dialog) => {
      const name = field(t('folder.name'), { value, maxLength: 200, required: true, autocomplete: 'off', dir: 'auto' });
      const submit = button(t('ui.save'), { kind: 'primary', type: 'submit' });
      const form = h('form', { id: 'entry-name', class: 'stack', noValidate: true }, name.element);
      submit.setAttribute('form', form.id);
      form.addEventListener('submit', async (event) => {
        event.preventDefault();
        if (!name.input.value.trim()) { name.input.focus(); return; }
        try { await send(name.input.value.trim()); dialog.close('done'); this.refresh(); } catch (error) { name.fail(error.message); }
      });
      return { body: form, footer: [button(t('ui.cancel'), { onClick: () => dialog.close('') }), submit] };
    });
  }

  #move(entry) {
    const isBelow = (one) => { for (let at = one; at; at = this.#entry(at.in)) if (at.index === entry.index) return true; return false; };
    const places = [{ name: t('panel.tab.folder') }, ...this.entries.filter((one) => one.kind === 'folder' && !isBelow(one))];
    return openDialog(t('folder.move'), (dialog) => h('ul', { class: 'item-list' }, places.map((place) => h('li', {}, h('button', { type: 'button', class: 'item-row', disabled: place.index === entry.in, on: { click: () => {
      dialog.close('');
      this.store.api.put(this.path(entry.index, '/place'), { in: place.index }).then(() => this.refresh(), complain);
    } } }, icon('folder'), plain(place.name))))));
  }

  #newVersion(entry) {
    const picker = h('input', { type: 'file', on: { change: () => { if (picker.files[0]) this.#upload(picker.files[0], (id) => this.store.api.post(this.path(entry.index, '/versions'), { file: { upload: id } })); } } });
    picker.click();
  }

  #versions(entry) {
    return openDialog(plain(entry.name), () => {
      const list = h('ol', { class: 'versions' }, loading());
      this.store.api.get(this.path(entry.index, '/versions')).then(({ items }) => fill(list, items.map((version, at) => h('li', { class: 'row' }, h('span', { class: 'grow person-text' }, h('span', {}, this.store.nameOf(version.author), at === 0 && ` · ${t('history.now')}`), h('span', { class: 'faint' }, `${dateTime(version.made_at)} · ${bytes(version.file.bytes)}`)),
        version.state === 'awaited' ? h('span', { class: 'faint' }, t('message.awaited')) : h('a', { class: 'icon-button', href: `/api/v1/rooms/${this.given.id}/files/${version.file.digest}?index=${version.index}`, download: entry.name, aria: { label: t('folder.download') }, title: t('folder.download') }, icon('download'))))),
      (error) => { fill(list); toast(error.message, { kind: 'bad' }); });
      return list;
    });
  }
}

function drawing(entry, url) {
  const { version } = entry;
  if (!version?.file.image || version.state === 'awaited' || entry.deleted) return icon(entry.kind === 'folder' ? 'folder' : 'file');
  const picture = h('img', { class: 'thumb', src: `${url}/thumbnail`, alt: '', loading: 'lazy', width: 36, height: 36 });
  picture.addEventListener('error', () => picture.replaceWith(icon('image')));
  return picture;
}
