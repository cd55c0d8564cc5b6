// The rows of a room's timeline, in order, and how high they are. Nothing of the document is known here: ten thousand
// rows are a list and an array of numbers.

const GROUP_MS = 5 * 60_000;
const LINE_PX = 22;
const LINE_CHARS = 90;

/**
 * All rows: {key, kind: offline|older|beginning|day|unread|message|event, item, follows, letter, number, at}. A message keeps its
 * key from the outbox to its place, so that what has the focus keeps it. `keyOf(event)`, `me`, `firstUnread`: an index.
 */
export function buildRows(timeline, letters, { me, firstUnread, keyOf }) {
  const before = !timeline.isLoaded ? 'offline' : timeline.hasOlder ? 'older' : 'beginning';
  const rows = [{ key: before, kind: before }];
  const midnight = days();
  let previous = null;
  let today;
  const put = (key, item, more) => {
    const at = item.event.made_at ?? item.at;
    const on = midnight(at);
    if (on !== today) {
      rows.push({ key: `day-${on}-${key}`, kind: 'day', at });
      previous = null;
      today = on;
    }
    if (item.index !== undefined && item.index === firstUnread) { rows.push({ key: 'unread', kind: 'unread' }); previous = null; }
    const isMessage = item.event.kind === 'message';
    const follows = isMessage && previous?.author === item.event.author && at - previous.at < GROUP_MS && item.event.reply_to == null;
    rows.push({ key, kind: isMessage ? 'message' : 'event', item, follows, ...more });
    previous = { at, author: isMessage ? item.event.author : null };
  };
  for (const item of timeline.items) put(keyOf(item.event), item);
  for (const item of timeline.pending) put(keyOf(item.event), item, { number: item.pending });
  for (const letter of letters) put(`m-${letter.key}`, { event: { kind: 'message', author: me, made_at: letter.at, ...letter.message, files: letter.shown } }, { letter });
  return rows;
}

/** Notes beside the last message that each reader has read: `readers`, the addresses with spaces between. */
export function markReaders(rows, readers) {
  for (const [address, index] of readers) {
    const row = rows.findLast((one) => one.kind === 'message' && one.item.index <= index);
    if (row && row.item.event.author !== address) row.readers = row.readers ? `${row.readers} ${address}` : address;
  }
}

/** The midnight before a time, worked out once a day and not once a message. */
function days() {
  let begin = Infinity;
  let end = -Infinity;
  return (at) => {
    if (at < begin || at >= end) {
      const day = new Date(at);
      begin = day.setHours(0, 0, 0, 0);
      end = day.setDate(day.getDate() + 1);
    }
    return begin;
  };
}

/** What a row takes before it was measured. It does not change, so that nothing jumps. */
function guess({ kind, item, follows }) {
  if (kind !== 'message') return kind === 'older' ? 60 : 36;
  const { text, files } = item.event;
  const lines = text ? Math.ceil(text.length / LINE_CHARS) : 0;
  return (follows ? 6 : 35) + Math.max(1, lines) * LINE_PX + (files?.length ? 90 : 0);
}

/** Where each row begins. */
export class Heights {
  #known = new Map();
  #positions = new Map();
  #offsets = new Float64Array(1);
  #rows = [];

  /** Takes other rows in; what was measured of those that stay is kept. */
  take(rows) {
    this.#rows = rows;
    this.#positions = new Map(rows.map((row, at) => [row.key, at]));
    this.#offsets = new Float64Array(rows.length + 1);
    this.#sum(0);
  }

  #sum(from) {
    for (let at = from; at < this.#rows.length; at++) {
      const row = this.#rows[at];
      this.#offsets[at + 1] = this.#offsets[at] + (this.#known.get(row.key) ?? guess(row));
    }
  }

  /** Notes measured heights: [[key, pixels], …]. True when one was another than was thought. */
  measure(measured) {
    let from = Infinity;
    for (const [key, height] of measured) {
      const at = this.#positions.get(key);
      if (at === undefined || !height) continue;
      if (this.#known.get(key) !== height) { this.#known.set(key, height); from = Math.min(from, at); }
    }
    if (from < Infinity) this.#sum(from);
    return from < Infinity;
  }

  known(key) { return this.#known.get(key); }
  position(key) { return this.#positions.get(key); }
  offset(at) { return this.#offsets[at]; }
  get total() { return this.#offsets[this.#rows.length]; }

  /** The row at a height. */
  at(y) {
    let low = 0;
    let high = this.#rows.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#offsets[middle] <= y) low = middle; else high = middle - 1;
    }
    return low;
  }
}
