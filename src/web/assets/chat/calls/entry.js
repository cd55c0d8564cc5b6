// What a call left in the timeline, in words.

import { t } from '../../shared/i18n.js';

/** A length in words that are short: `3 min 5 s`. */
export function lengthText(ms) {
  const seconds = Math.max(1, Math.round(ms / 1_000));
  const parts = [[Math.floor(seconds / 3_600), 'h'], [Math.floor(seconds / 60) % 60, 'min'], [seconds % 60, 's']].filter(([value]) => value > 0);
  return parts.slice(0, 2).map(([value, unit]) => t(`calls.unit.${unit}`, { value })).join(' ');
}

/** One line. `name`: who called. */
export function describeCall(store, event) {
  const isMine = event.author === store.me.address;
  const name = store.nameOf(event.author);
  const kind = t(`calls.${event.medium === 'video' ? 'video' : 'voice'}`);
  const outcome = ['answered', 'missed', 'declined', 'busy', 'cancelled'].includes(event.outcome) ? event.outcome : 'answered';
  const key = `calls.entry.${outcome}${isMine ? '.mine' : ''}`;
  const others = (event.joined ?? []).map((address) => (address === store.me.address ? t('message.you') : store.nameOf(address))).join(', ');
  const parts = [t(key, { name, kind })];
  if (outcome === 'answered') parts.push(lengthText(event.length_ms ?? 0));
  if (others && (event.joined.length > 1 || !isMine && event.joined[0] !== store.me.address)) parts.push(t('calls.entry.with', { names: others }));
  return parts.join(' · ');
}
