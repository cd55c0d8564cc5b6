// Texts from elsewhere as nodes: links, code, mentions. What people type never becomes markup.

import { h } from '../shared/dom.js';

/** Characters that would make a name or a file name read otherwise than it is: controls, and overrides of direction. */
const DECEIVING = /[\u0000-\u001f\u007f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/g;

/** A name as one line that reads as it is. */
export const plain = (text) => (text ?? '').replace(DECEIVING, '');

const LINK = /\bhttps?:\/\/[^\s<>"'`]+/giu;
const EMOJI_ONLY = /^(?:[\p{Extended_Pictographic}\u{1f1e6}-\u{1f1ff}\u{1f3fb}-\u{1f3ff}\u200d\ufe0f]|\s){1,16}$/u;

/** Embeddings and overrides of direction make a text, or the end of a link, read backwards; no writing system needs them. */
const TURNING = /[\u202a-\u202e]/g;

/** A message's text. `mentions`: [{name, isMe}] that are marked where they stand as `@name`. */
export function words(written, mentions = []) {
  const text = written.replace(TURNING, '');
  const body = h('div', { class: ['words', EMOJI_ONLY.test(text) && 'large'], dir: 'auto' });
  text.split('```').forEach((part, at, parts) => {
    const isBlock = at % 2 === 1 && at < parts.length - 1;
    if (isBlock) body.append(h('pre', { tabIndex: 0 }, h('code', {}, part.replace(/^\n|\n$/g, ''))));
    else if (part) body.append(...inline(at % 2 === 1 ? '```' + part : part, mentions));
  });
  return body;
}

function inline(text, mentions) {
  return text.split(/(`[^`\n]+`)/).flatMap((part) => part.length > 2 && part.startsWith('`') && part.endsWith('`')
    ? [h('code', {}, part.slice(1, -1))] : links(part, mentions));
}

function links(text, mentions) {
  const nodes = [];
  let from = 0;
  for (const match of text.matchAll(LINK)) {
    const url = match[0].replace(/[.,;:!?)\]}]+$/, '');
    nodes.push(...called(text.slice(from, match.index), mentions));
    nodes.push(h('a', { href: url, target: '_blank', rel: 'noopener noreferrer nofollow ugc' }, url));
    from = match.index + url.length;
  }
  return nodes.concat(called(text.slice(from), mentions));
}

function called(text, mentions) {
  if (!text) return [];
  const found = mentions.map((one) => ({ one, at: text.indexOf(`@${one.name}`) })).filter(({ at }) => at >= 0).sort((a, b) => a.at - b.at)[0];
  if (!found) return [text];
  const end = found.at + found.one.name.length + 1;
  const mark = h('span', { class: ['mention', found.one.isMe && 'me'] }, text.slice(found.at, end));
  return [text.slice(0, found.at), mark, ...called(text.slice(end), mentions)];
}
