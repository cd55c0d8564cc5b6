// Components of both apps: dialogs, menus, toasts, fields, avatars, empty states. All are reachable by keyboard.

import { fill, h, icon } from './dom.js';
import { t } from './i18n.js';

let ids = 0;
/** An id for `aria-labelledby` and its like. */
export const uid = (stem = 'id') => `${stem}-${++ids}`;

export function button(label, { icon: drawing, kind = '', onClick, type = 'button', ...props } = {}) {
  return h('button', { class: ['button', kind], type, on: { click: onClick ?? (() => {}) }, ...props }, drawing && icon(drawing), label);
}

export function iconButton(drawing, label, onClick, props = {}) {
  const { class: extra, ...rest } = props;
  return h('button', { class: ['icon-button', extra], type: 'button', title: label, aria: { label }, on: { click: onClick }, ...rest }, icon(drawing));
}

/** A labelled input. Returns {element, input, fail(text)}. */
export function field(label, { hint, multiline = false, ...props } = {}) {
  const id = uid('field');
  const error = h('p', { class: 'error', id: `${id}-error`, role: 'alert', hidden: true });
  const note = hint && h('p', { class: 'hint', id: `${id}-hint` }, hint);
  const input = h(multiline ? 'textarea' : 'input', { class: 'input', id, aria: { describedby: hint ? `${id}-hint` : null }, ...props });
  const element = h('div', { class: 'field' }, h('label', { htmlFor: id }, label), input, note, error);
  const fail = (text) => {
    error.hidden = !text;
    error.textContent = text ?? '';
    if (text) { input.setAttribute('aria-invalid', 'true'); input.setAttribute('aria-errormessage', error.id); }
    else input.removeAttribute('aria-invalid');
  };
  input.addEventListener('input', () => fail(null));
  return { element, input, fail };
}

/** A switch with its label. `onChange(on)` may return a promise; a refusal puts the switch back. */
export function toggle(label, on, onChange, props = {}) {
  const control = h('button', { class: 'switch', type: 'button', role: 'switch', aria: { checked: on, label }, ...props });
  control.addEventListener('click', async () => {
    const wanted = control.getAttribute('aria-checked') !== 'true';
    control.setAttribute('aria-checked', String(wanted));
    try { await onChange(wanted); } catch (error) {
      control.setAttribute('aria-checked', String(!wanted));
      toast(error.message, { kind: 'bad' });
    }
  });
  return h('div', { class: 'row' }, h('span', { class: 'grow' }, label), control);
}

/** Opens a modal dialog. `build(dialog)` returns the body's children, or {body, footer}. Resolves to `dialog.returnValue`. */
export function openDialog(title, build) {
  const id = uid('dialog');
  const dialog = h('dialog', { class: 'dialog', aria: { labelledby: id } });
  const built = build(dialog);
  const { body, footer } = Array.isArray(built) || built instanceof Node ? { body: built } : built;
  fill(
    dialog,
    h('header', {}, h('h2', { id }, title), iconButton('close', t('ui.close'), () => dialog.close(''))),
    h('div', { class: 'body' }, body),
    footer && h('footer', {}, footer),
  );
  dialog.addEventListener('pointerdown', (event) => { if (event.target === dialog) dialog.close(''); });
  document.body.append(dialog);
  dialog.showModal();
  const first = dialog.querySelector('[autofocus]') ?? dialog.querySelector('.body input, .body textarea, .body button, footer .primary');
  first?.focus();
  return new Promise((done) => dialog.addEventListener('close', () => { dialog.remove(); done(dialog.returnValue); }));
}

/** Asks before something that cannot be undone. */
export async function ask(title, text, { yes, danger = false } = {}) {
  const answer = await openDialog(title, (dialog) => ({
    body: [text].flat().map((part) => (part instanceof Node ? part : h('p', {}, part))),
    footer: [
      button(t('ui.cancel'), { onClick: () => dialog.close('') }),
      button(yes, { kind: danger ? 'primary danger' : 'primary', onClick: () => dialog.close('yes') }),
    ],
  }));
  return answer === 'yes';
}

/** A menu at an element or at {x, y}. `items`: {label, icon, danger, checked, onPick} or null for a line. */
export function openMenu(anchor, items) {
  document.querySelector('.menu')?.close?.();
  const before = document.activeElement;
  const menu = h('div', { class: 'menu', role: 'menu' });
  const close = (refocus = true) => {
    menu.remove();
    document.removeEventListener('pointerdown', outside, true);
    if (anchor instanceof Element) anchor.setAttribute('aria-expanded', 'false');
    if (refocus) before?.focus?.();
  };
  const outside = (event) => { if (!menu.contains(event.target)) close(false); };
  menu.close = close;
  const shown = items.filter((item) => item !== undefined && item !== false);
  fill(menu, shown.map((item) => item === null ? h('hr') : h('button', {
    class: item.danger ? 'danger' : '', type: 'button', tabIndex: -1,
    role: item.checked === undefined ? 'menuitem' : 'menuitemradio', aria: { checked: item.checked },
    on: { click: () => { close(); item.onPick(); } },
  }, icon(item.icon ?? (item.checked ? 'check' : 'more')), item.label)));
  menu.addEventListener('keydown', (event) => menuKey(event, menu, close));
  (anchor instanceof Element && anchor.closest('dialog') || document.body).append(menu);
  place(menu, anchor);
  if (anchor instanceof Element) anchor.setAttribute('aria-expanded', 'true');
  document.addEventListener('pointerdown', outside, true);
  menu.querySelector('button')?.focus();
  return menu;
}

function menuKey(event, menu, close) {
  const buttons = [...menu.querySelectorAll('button')];
  const at = buttons.indexOf(document.activeElement);
  const go = { ArrowDown: at + 1, ArrowUp: at - 1 + buttons.length, Home: 0, End: buttons.length - 1 }[event.key];
  if (go !== undefined) { event.preventDefault(); buttons[go % buttons.length]?.focus(); }
  else if (event.key === 'Escape' || event.key === 'Tab') { event.preventDefault(); event.stopPropagation(); close(); }
}

/** Puts a floating element beside its anchor and within the window. */
export function place(floating, anchor) {
  const box = anchor instanceof Element ? anchor.getBoundingClientRect() : { left: anchor.x, right: anchor.x, top: anchor.y, bottom: anchor.y };
  const { offsetWidth: width, offsetHeight: height } = floating;
  const left = Math.max(8, Math.min(box.right - width < 8 ? box.left : box.right - width, innerWidth - width - 8));
  const below = box.bottom + 4 + height <= innerHeight - 8;
  const top = below ? box.bottom + 4 : Math.max(8, Math.min(box.top - height - 4, innerHeight - height - 8));
  floating.style.left = `${left}px`;
  floating.style.top = `${top}px`;
}

let toasts;
/** A short word in the corner. `action`: {label, onPick}. Bad news stays until it is closed. */
export function toast(text, { title, kind = '', action, forMs = { bad: 12_000, good: 3_000 }[kind] ?? 6_000 } = {}) {
  if (!toasts?.isConnected) {
    toasts = h('div', { class: 'toasts', role: 'status', aria: { live: 'polite' } });
    document.body.append(toasts);
  }
  const note = h('div', { class: ['toast', kind] }, h('div', { class: 'grow' }, title && h('strong', {}, title), text));
  const close = () => note.remove();
  if (action) note.append(button(action.label, { kind: 'small', onClick: () => { close(); action.onPick(); } }));
  note.append(iconButton('close', t('ui.close'), close, { class: 'small' }));
  toasts.append(note);
  const timer = setTimeout(close, forMs);
  note.addEventListener('pointerenter', () => clearTimeout(timer));
  return close;
}

/** Shows a refusal or a fault to the person. */
export const complain = (error) => { if (error.name !== 'AbortError') toast(error.message, { kind: 'bad', title: t('ui.error') }); };

let photoOf = () => undefined;
/** From now on avatars show a photo where `find(seed)` knows the address of one. */
export const usePhotos = (find) => { photoOf = find; };

/** Initials on a colour that follows from the seed. `presence`: `online` or `away`, as a mark. */
export function avatar(name, seed, { size = '', external = false, presence } = {}) {
  const words = name.trim().split(/[\s._-]+/u).filter(Boolean);
  const letters = words.length > 1 ? [...words[0]][0] + [...words.at(-1)][0] : [...(words[0] ?? '?')].slice(0, 2).join('');
  let sum = 0;
  for (const letter of seed) sum = (sum * 31 + letter.codePointAt(0)) >>> 0;
  const url = photoOf(seed);
  return h('span', { class: ['avatar', size, `hue-${sum % 8}`, external && 'external'], aria: { hidden: true } }, letters.toUpperCase(), url && h('img', { src: url, alt: '' }), presence && h('i', { class: `presence ${presence}` }));
}

export const externalBadge = (orgName) => h('span', { class: 'badge external', title: t('ui.external') }, icon('globe'), orgName ?? t('ui.external'));

export function empty(drawing, title, text, ...actions) {
  return h('div', { class: 'empty' }, icon(drawing), h('h2', {}, title), text && h('p', {}, text), actions);
}

export const loading = () => h('div', { class: 'empty', role: 'status' }, h('div', { class: 'spinner' }), h('span', { class: 'unseen' }, t('ui.loading')));

/** A page that could not be read, with a way to try again. */
export const failed = (error, retry) => empty('alert', t('ui.error'), error.message, button(t('ui.retry'), { icon: 'refresh', onClick: retry }));

/** Copies text, and says so. */
export async function copy(text) {
  await navigator.clipboard.writeText(text);
  toast(t('ui.copied'), { kind: 'good', forMs: 2_000 });
}
