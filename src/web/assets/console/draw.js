// Elements that only the console makes: SVG shapes, texts with elements in them, times, facts, marks of a state.

import { h, icon } from '../shared/dom.js';
import { ago, dateTime, t } from '../shared/i18n.js';

const SVG = 'http://www.w3.org/2000/svg';

/** An SVG element with its attributes. */
export function svg(tag, attributes = {}, text) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  if (text !== undefined) element.textContent = text;
  return element;
}

/** A text whose values may be elements: the pieces to append. */
export function tx(key, values = {}) {
  const nodes = Object.entries(values).filter(([, value]) => value instanceof Node);
  const marked = Object.fromEntries(nodes.map(([name], at) => [name, `\u0001${at}\u0001`]));
  return t(key, { ...values, ...marked }).split('\u0001').map((piece, at) => (at % 2 ? nodes[Number(piece)][1] : piece));
}

/** How long ago, with the exact time on it. */
export const agoTime = (at) => h('time', { dateTime: new Date(at).toISOString(), title: dateTime(at), data: { ago: at } }, ago(at));

/** The exact time, with how long ago on it; `told` is another way to write it. */
export const exactTime = (at, told = dateTime(at)) => h('time', { dateTime: new Date(at).toISOString(), title: ago(at) }, told);

const TONE_ICONS = { good: 'check', warn: 'alert', bad: 'alert', busy: 'refresh', off: 'unlink', idle: 'link', info: 'info' };

/** The mark of a state: colour, shape and word, so that no one of them is needed alone. */
export const mark = (tone, text) => h('span', { class: ['mark', tone] }, icon(TONE_ICONS[tone]), text);

/** Facts in two columns: pairs of a name and what to show; a pair without a value is left out. */
export function facts(...pairs) {
  const shown = pairs.filter(([, value]) => value !== undefined && value !== null);
  return h('dl', { class: 'facts' }, shown.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));
}

/** A panel with a heading. */
export const panel = (title, ...children) => h('section', { class: 'panel' }, title && h('h2', {}, title), children);

/** The head of a view. */
export function heading(title, lead, ...actions) {
  return h('header', { class: 'view-head' },
    h('div', { class: 'grow' }, h('h1', { tabIndex: -1 }, title), lead && h('p', { class: 'soft' }, lead)), actions);
}

/** A banner: something that the admin should know, with what to do. */
export function banner(tone, title, text, ...actions) {
  const drawing = { good: 'check', info: 'info' }[tone] ?? 'alert';
  return h('div', { class: ['banner', tone] }, icon(drawing), h('div', { class: 'grow' }, h('strong', {}, title), text && h('p', {}, text)), actions);
}

/** A link that looks like a button. */
export const linkButton = (label, href, drawing, kind = '') => h('a', { class: ['button', kind], href }, drawing && icon(drawing), label);

/** A fingerprint in its groups, read one by one. */
export function fingerprint(text, marks = []) {
  const groups = text.trim().split(/\s+/);
  return h('ol', { class: 'fingerprint', aria: { label: t('partner.fingerprint') } },
    groups.map((group, at) => h('li', { class: marks[at] ?? '' }, group)));
}

/** Offers bytes as a file. */
export function download(name, content, type) {
  const url = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  h('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Radio buttons below a legend, which may be an element: `options` are `{value, label, hint}`. */
export function choices(legend, name, options, chosen, onPick = () => {}) {
  return h('fieldset', { class: 'choices' }, h('legend', {}, legend), options.map(({ value, label, hint }) =>
    h('label', { class: 'check' },
      h('input', { type: 'radio', name, value, checked: value === chosen, on: { change: () => onPick(value) } }),
      h('span', {}, label, hint && h('span', { class: 'hint' }, hint)))));
}

/** A switch with a hint below its label. */
export function switchRow(control, hint) {
  return h('div', { class: 'switch-row' }, control, hint && h('p', { class: 'hint' }, hint));
}

/** Whether an element, or one inside it, has the focus that a redraw would lose; gives a way to put it back. */
export function holdFocus(root) {
  const key = root.contains(document.activeElement) && document.activeElement.dataset.focus;
  return () => key && root.querySelector(`[data-focus="${CSS.escape(key)}"]`)?.focus();
}
