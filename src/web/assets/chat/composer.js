// Where one writes: a draft that survives a reload, answers, edits, mentions, emoji, files with progress.

import { fill, h, icon } from '../shared/dom.js';
import { bytes, t } from '../shared/i18n.js';
import { complain, iconButton, place } from '../shared/ui.js';
import { textNow } from './message.js';
import { upload } from './uploads.js';
import { plain } from './words.js';

const TEXT_BYTES_MAX = 16 * 1024;
const FILES_MAX = 10;
/** Stands for all members where an address is expected. */
const EVERYBODY = '*';
const HEIGHT_MAX_PX = 220;
const EMOJI = '👍 ❤️ 😂 🎉 😮 😢 🙏 👏 🔥 ✅ 👀 💯 😀 😄 😁 😅 🤣 😊 🙂 😉 😍 😘 😎 🤔 🤗 🤩 😴 😬 🙄 😭 😡 🤯 🥳 😇 🤝 💪 👌 ✌️ 🤞 👋 🙌 👎 ☕ 🍺 🎂 🌟 💡 📌 📎 📅 📈 🚀 ⚠️ ❌ ❓ ❗ 💬 🏠 🌏'.split(' ');

/** Opens a grid of emoji at an element. `onPick(emoji)`. */
export function pickEmoji(anchor, onPick) {
  document.querySelector('.emoji-picker')?.remove();
  const grid = h('div', { class: 'emoji-picker menu', role: 'dialog', aria: { label: t('compose.emoji') } });
  const close = (refocus) => { grid.remove(); document.removeEventListener('pointerdown', outside, true); if (refocus) anchor.focus?.(); };
  const outside = (event) => { if (!grid.contains(event.target)) close(false); };
  fill(grid, EMOJI.map((emoji, at) => h('button', { type: 'button', class: 'emoji', tabIndex: at ? -1 : 0, on: { click: () => { close(true); onPick(emoji); } } }, emoji)));
  grid.addEventListener('keydown', (event) => {
    const buttons = [...grid.children];
    const at = buttons.indexOf(document.activeElement);
    const go = { ArrowRight: at + 1, ArrowLeft: at - 1, ArrowDown: at + 8, ArrowUp: at - 8, Home: 0, End: buttons.length - 1 }[event.key];
    if (go !== undefined) { event.preventDefault(); buttons[Math.max(0, Math.min(go, buttons.length - 1))].focus(); }
    if (event.key === 'Escape') { event.preventDefault(); event.stopPropagation(); close(true); }
  });
  document.body.append(grid);
  place(grid, anchor);
  document.addEventListener('pointerdown', outside, true);
  grid.firstElementChild.focus();
}

class Composer extends HTMLElement {
  #answer = null;
  #edited = null;
  #files = [];
  #called = new Map();

  connectedCallback() {
    const { store, room } = this;
    this.className = 'composer';
    this.draftKey = `handclasp.draft.${store.me.address}.${room.id}`;
    const name = store.roomName(room);
    this.input = h('textarea', {
      class: 'composer-input', rows: 1, placeholder: t('compose.label', { name }), dir: 'auto', spellcheck: true,
      aria: { label: t('compose.label', { name }), describedby: 'composer-hint', autocomplete: 'list' },
    });
    this.input.value = localStorage.getItem(this.draftKey) ?? '';
    this.context = h('div', { class: 'composer-context', hidden: true });
    this.tray = h('ul', { class: 'tray', hidden: true });
    this.names = h('div', { class: 'mentions menu', role: 'listbox', id: 'mention-list', hidden: true, aria: { label: t('compose.mention') } });
    this.warning = h('p', { class: 'composer-warning', role: 'alert', hidden: true });
    this.picker = h('input', { type: 'file', multiple: true, hidden: true, tabIndex: -1, aria: { label: t('compose.attach') } });
    this.attach = iconButton('attach', t('compose.attach'), () => this.picker.click(), { hidden: !this.#mayAttach });
    const emoji = iconButton('emoji', t('compose.emoji'), () => pickEmoji(emoji, (text) => this.#insert(text)));
    this.send = iconButton('send', t('compose.send'), () => this.#submit(), { class: 'send' });
    fill(this, this.names, this.context, h('div', { class: 'composer-box' }, this.tray, h('div', { class: 'composer-row' }, this.attach, this.input, emoji, this.send)), this.warning,
      h('p', { class: 'composer-hint faint', id: 'composer-hint' }, t('compose.hint')), this.picker);
    this.input.addEventListener('input', () => this.#typed());
    this.input.addEventListener('keydown', (event) => this.#key(event));
    this.input.addEventListener('blur', () => setTimeout(() => this.#hideNames(), 150));
    this.input.addEventListener('paste', (event) => this.#take(event, event.clipboardData));
    this.picker.addEventListener('change', () => { this.addFiles(this.picker.files); this.picker.value = ''; });
    this.off = store.on('features', () => { this.attach.hidden = !this.#mayAttach; });
    this.offRoom = store.on(`room:${room.id}`, () => { this.attach.hidden = !this.#mayAttach; });
    // Its height is known only when it stands in the page.
    requestAnimationFrame(() => this.#fit());
    this.#look();
  }

  disconnectedCallback() {
    this.off();
    this.offRoom();
  }

  get #mayAttach() { return this.store.features.files && !this.store.rooms.get(this.room.id)?.files_off; }

  focusInput() { this.input.focus(); }

  #typed() {
    if (!this.#edited) {
      if (this.input.value.trim()) localStorage.setItem(this.draftKey, this.input.value);
      else localStorage.removeItem(this.draftKey);
    }
    if (!this.#edited) this.store.signals.say(this.room.id, Boolean(this.input.value.trim()));
    this.#fit();
    this.#look();
    this.#suggest();
  }

  #fit() {
    this.input.style.height = 'auto';
    if (this.input.scrollHeight) this.input.style.height = `${Math.min(this.input.scrollHeight, HEIGHT_MAX_PX)}px`;
  }

  #look() {
    const over = new TextEncoder().encode(this.input.value).length - TEXT_BYTES_MAX;
    this.warning.hidden = over <= 0;
    this.warning.textContent = over > 0 ? t('compose.tooLong', { n: over }) : '';
    const isUploading = this.#files.some((file) => !file.id);
    const isEmpty = !this.input.value.trim() && !this.#files.length;
    this.send.setAttribute('aria-disabled', String(over > 0 || isUploading || isEmpty));
    this.send.classList.toggle('ready', !(over > 0 || isUploading || isEmpty));
  }

  #key(event) {
    if (!this.names.hidden && this.#namesKey(event)) return;
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) { event.preventDefault(); this.#submit(); }
    else if (event.key === 'Escape' && (this.#answer || this.#edited)) { event.preventDefault(); this.#clearContext(); }
    else if (event.key === 'ArrowUp' && !this.input.value) { event.preventDefault(); this.dispatchEvent(new Event('edit-last')); }
  }

  async #submit() {
    if (this.send.getAttribute('aria-disabled') === 'true') return;
    const text = this.input.value.trim();
    const called = [...this.#called].filter(([, name]) => text.includes(`@${name}`)).map(([address]) => address);
    const mentions = called.filter((address) => address !== EVERYBODY);
    if (this.#edited) { await this.#saveEdit(text, mentions); return; }
    const message = { text };
    if (mentions.length) message.mentions = mentions;
    if (called.includes(EVERYBODY)) message.all = true;
    if (this.#answer) message.reply_to = this.#answer.index;
    if (this.#files.length) message.files = this.#files.map(({ id }) => ({ upload: id }));
    const shown = this.#files.map(({ file }) => ({ name: file.name, bytes: file.size }));
    this.input.value = '';
    this.#files = [];
    this.#drawTray();
    this.#called.clear();
    localStorage.removeItem(this.draftKey);
    this.#clearContext();
    this.#fit();
    this.#look();
    this.store.signals.say(this.room.id, false);
    this.store.outbox.add(this.room.id, message, shown);
    this.dispatchEvent(new Event('sent'));
    this.input.focus();
  }

  async #saveEdit(text, mentions) {
    const { index } = this.#edited;
    try {
      await this.store.api.patch(`/rooms/${this.room.id}/messages/${index}`, mentions.length ? { text, mentions } : { text });
      this.#clearContext();
    } catch (error) { complain(error); }
  }

  /** Answers a message. */
  reply(item) {
    this.#edited = null;
    this.#answer = item;
    this.#drawContext('reply', t('compose.replying', { name: this.store.nameOf(item.event.author) }), textNow(item) ?? '');
    this.input.focus();
  }

  edit(item) {
    this.#answer = null;
    this.#edited = item;
    this.input.value = textNow(item) ?? '';
    for (const address of item.now?.edited?.mentions ?? item.event.mentions ?? []) this.#called.set(address, this.store.nameOf(address));
    this.#drawContext('edit', t('compose.editing'), '');
    this.#fit();
    this.#look();
    this.input.focus();
  }

  #drawContext(drawing, title, text) {
    this.context.hidden = false;
    fill(this.context, icon(drawing), h('span', { class: 'grow clip' }, h('strong', {}, title), ' ', h('bdi', { class: 'soft' }, text.slice(0, 200))),
      iconButton('close', t('ui.cancel'), () => { this.#clearContext(); this.input.focus(); }, { class: 'small' }));
  }

  #clearContext() {
    if (this.#edited) this.input.value = localStorage.getItem(this.draftKey) ?? '';
    this.#answer = null;
    this.#edited = null;
    this.context.hidden = true;
    this.#fit();
    this.#look();
  }

  #insert(text) {
    this.input.setRangeText(text, this.input.selectionStart, this.input.selectionEnd, 'end');
    this.input.focus();
    this.#typed();
  }

  /** Offers members for what stands after an `@`. */
  #suggest() {
    const before = this.input.value.slice(0, this.input.selectionStart);
    const wanted = /(?:^|\s)@([^\s@]{0,32})$/u.exec(before)?.[1]?.toLowerCase();
    const members = (this.store.members(this.room.id) ?? []).filter((member) => member.address !== this.store.me.address);
    const mayCallAll = this.room.kind !== 'direct' && (this.room.callers !== 'masters' || this.room.you?.role === 'master');
    const all = mayCallAll ? [{ address: EVERYBODY }] : [];
    const found = wanted === undefined ? [] : [...members, ...all].filter((member) => this.#nameOf(member).toLowerCase().includes(wanted) || member.address.startsWith(wanted)).slice(0, 6);
    if (!found.length) { this.#hideNames(); return; }
    this.found = found;
    this.chosen = 0;
    this.wantedLength = wanted.length + 1;
    this.names.hidden = false;
    this.#drawNames();
  }

  #drawNames() {
    fill(this.names, this.found.map((member, at) => h('div', { role: 'option', id: `mention-${at}`, class: 'mention-option', aria: { selected: at === this.chosen }, on: { pointerdown: (event) => { event.preventDefault(); this.#call(member); } } },
      h('bdi', { class: 'grow' }, this.#nameOf(member)), h('span', { class: 'faint' }, member.address === EVERYBODY ? t('compose.everybodyHint') : member.address))));
    this.input.setAttribute('aria-controls', 'mention-list');
    this.input.setAttribute('aria-activedescendant', `mention-${this.chosen}`);
  }

  #nameOf({ address }) { return address === EVERYBODY ? t('compose.everybody') : this.store.nameOf(address); }

  #hideNames() {
    this.names.hidden = true;
    this.input.removeAttribute('aria-activedescendant');
    this.input.removeAttribute('aria-controls');
  }

  #namesKey(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) { this.chosen = (this.chosen + step + this.found.length) % this.found.length; this.#drawNames(); }
    else if (event.key === 'Enter' || event.key === 'Tab') this.#call(this.found[this.chosen]);
    else if (event.key === 'Escape') this.#hideNames();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  #call(member) {
    const name = this.#nameOf(member);
    const end = this.input.selectionStart;
    this.input.setRangeText(`@${name} `, end - this.wantedLength, end, 'end');
    this.#called.set(member.address, name);
    this.#hideNames();
    this.#typed();
  }

  #take(event, transfer) {
    if (!this.#mayAttach || !transfer?.files.length) return;
    event.preventDefault();
    this.addFiles(transfer.files);
  }

  addFiles(files) {
    const limit = this.store.rooms.get(this.room.id)?.file_limit?.bytes_max ?? Infinity;
    for (const file of [...files].slice(0, FILES_MAX - this.#files.length)) {
      if (file.size <= limit) this.#upload(file);
      else complain(new Error(t('compose.fileTooLarge', { name: plain(file.name), max: bytes(limit) })));
    }
    this.input.focus();
  }

  async #upload(file) {
    const entry = { file, share: 0, abort: new AbortController() };
    this.#files.push(entry);
    this.#drawTray();
    this.#look();
    try {
      entry.id = await upload(file, (share) => { entry.share = share; if (entry.bar) entry.bar.value = share; }, entry.abort.signal);
    } catch (error) {
      this.#files = this.#files.filter((one) => one !== entry);
      complain(error);
    }
    this.#drawTray();
    this.#look();
  }

  #drawTray() {
    this.tray.hidden = !this.#files.length;
    fill(this.tray, this.#files.map((entry) => {
      const name = plain(entry.file.name);
      entry.bar = entry.id ? null : h('progress', { max: 1, value: entry.share, aria: { label: t('compose.uploading', { name }) } });
      return h('li', { class: 'file' }, icon(entry.file.type.startsWith('image/') ? 'image' : 'file'),
        h('span', { class: 'grow' }, h('bdi', { class: 'file-name' }, name), entry.bar ?? h('span', { class: 'faint' }, bytes(entry.file.size))),
        iconButton('close', t('compose.remove', { name }), () => this.#drop(entry), { class: 'small' }));
    }));
  }

  #drop(entry) {
    entry.abort.abort();
    this.#files = this.#files.filter((one) => one !== entry);
    this.#drawTray();
    this.#look();
    this.input.focus();
  }
}

customElements.define('hc-composer', Composer);
