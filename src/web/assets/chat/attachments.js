// The files that go with what a form sends: chosen, pasted or dropped, sent ahead with progress, taken out again.

import { fill, h, icon } from '../shared/dom.js';
import { bytes, t } from '../shared/i18n.js';
import { button, complain, iconButton } from '../shared/ui.js';
import { upload } from './uploads.js';
import { plain } from './words.js';

const FILES_MAX = 10;

/**
 * `known`: files that are there already, `{index, file}`. Returns {element, value(), watch(form)}: `value` is what
 * the API takes, and files that are dropped on or pasted into a watched form are taken too. `onChange(isBusy)`: whether some are still on their way.
 */
export function attachments(store, room, known = [], onChange = () => {}) {
  const why = room.files_off?.detail;
  let files = known.map(({ index, file }) => ({ name: plain(file.name), size: file.bytes, given: { room: room.id, index, digest: file.digest } }));
  const list = h('ul', { class: 'tray' });
  const picker = h('input', { type: 'file', multiple: true, hidden: true, tabIndex: -1, aria: { label: t('compose.attach') }, on: { change: () => { add(picker.files); picker.value = ''; } } });
  const pick = button(t('compose.attach'), { icon: 'attach', kind: 'small', disabled: Boolean(why), title: why, onClick: () => picker.click() });

  const draw = () => {
    list.hidden = !files.length;
    pick.disabled = Boolean(why) || files.length >= FILES_MAX;
    fill(list, files.map((one) => {
      one.bar = one.given ? null : h('progress', { max: 1, value: one.share, aria: { label: t('compose.uploading', { name: one.name }) } });
      return h('li', { class: 'file' }, icon('file'), h('span', { class: 'grow' }, h('bdi', { class: 'file-name' }, one.name), one.bar ?? h('span', { class: 'faint' }, bytes(one.size))),
        iconButton('close', t('compose.remove', { name: one.name }), () => drop(one), { class: 'small' }));
    }));
    onChange(files.some((one) => !one.given));
  };
  const drop = (one) => {
    one.abort?.abort();
    files = files.filter((other) => other !== one);
    draw();
    pick.focus();
  };
  const add = (chosen) => {
    const limit = room.file_limit?.bytes_max ?? Infinity;
    for (const file of [...chosen].slice(0, FILES_MAX - files.length)) {
      if (file.size <= limit) send(file); else complain(new Error(t('compose.fileTooLarge', { name: plain(file.name), max: bytes(limit) })));
    }
  };
  const send = async (file) => {
    const one = { name: plain(file.name), size: file.size, share: 0, abort: new AbortController() };
    files.push(one);
    draw();
    try {
      one.given = { upload: await upload(file, (share) => { one.share = share; if (one.bar) one.bar.value = share; }, one.abort.signal) };
    } catch (error) {
      files = files.filter((other) => other !== one);
      complain(error);
    }
    draw();
  };
  const take = (event, transfer) => {
    if (why || !store.features.files || !transfer?.files.length) return;
    event.preventDefault();
    add(transfer.files);
  };
  const watch = (form) => {
    form.addEventListener('paste', (event) => take(event, event.clipboardData));
    form.addEventListener('dragover', (event) => event.preventDefault());
    form.addEventListener('drop', (event) => take(event, event.dataTransfer));
  };
  draw();
  const element = h('div', { class: 'stack attachments' }, list, h('div', {}, pick, picker), why && h('p', { class: 'hint' }, why));
  return { element, watch, value: () => files.map((one) => one.given) };
}
