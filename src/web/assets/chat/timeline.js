// One room's timeline as it is known here: events by index, folded; submissions without a place; pages of history.

const PAGE = 80;
const REMEMBERED = new Set(['edit', 'note_edit', 'note_comment', 'note_delete', 'date_change', 'date_cancel', 'date_answer']);

export class Timeline {
  /** `isTheirs`: the partner orders the room, so what has a place here came back from there. */
  constructor(api, room, isTheirs) {
    this.api = api;
    this.isTheirs = isTheirs;
    this.room = room;
    /** By ascending index; acts that change another item are folded into it and are not here. */
    this.items = [];
    this.pending = [];
    this.before = undefined;
    this.isLoaded = false;
    this.error = null;
    /** Indexes that are known but not shown: the acts. */
    this.end = 0;
    /** How far the partner has what is ours, and what it refused: a page that was read before may not know. */
    this.through = -1;
    this.refusals = new Map();
    this.older = null;
    /** What was done to an item, by its index: the acts that the daemon does not fold in itself. */
    this.acts = new Map();
  }

  get last() { return this.items.at(-1); }

  find(index) {
    const at = this.#position(index);
    return this.items[at]?.index === index ? this.items[at] : undefined;
  }

  /** Reads the newest page. What was read before stays when the page follows on it without a gap. */
  async refresh() {
    const waited = new Set(this.pending.map((one) => one.pending));
    try {
      const page = await this.api.get(`/rooms/${this.room}/messages`, { limit: PAGE });
      const first = page.items[0]?.index ?? 0;
      const follows = this.isLoaded && this.items.length > 0 && first <= this.end;
      if (!follows) {
        // What the live stream brought while the page was on its way stays.
        const last = page.items.at(-1)?.index ?? -1;
        this.items = this.items.filter((item) => item.index > last);
        this.before = page.next_before ?? undefined;
      }
      this.#take(page.items);
      // The page can be older than what the live stream told meanwhile: what has come stays, and what has its place has it.
      const known = new Set([...waited, ...page.pending.map((one) => one.pending)]);
      const placed = new Set(this.items.map((one) => one.event.id));
      this.pending = [...page.pending, ...this.pending.filter((one) => !known.has(one.pending))].filter((one) => !placed.has(one.event.id));
      this.isLoaded = true;
      this.error = null;
    } catch (error) {
      this.error = error;
      throw error;
    }
  }

  get hasOlder() { return this.before !== undefined && this.before !== null; }

  /** Reads the page before the oldest event. One at a time. */
  loadOlder(limit = PAGE) {
    if (!this.hasOlder) return Promise.resolve(false);
    this.older ??= this.#loadOlder(limit).finally(() => { this.older = null; });
    return this.older;
  }

  async #loadOlder(limit) {
    const page = await this.api.get(`/rooms/${this.room}/messages`, { before: this.before, limit });
    this.before = page.next_before ?? undefined;
    this.#take(page.items);
    return true;
  }

  #take(items) {
    for (const item of items) {
      this.end = Math.max(this.end, item.index + 1);
      if (item.target === undefined || item.target === null) this.#place(item); else this.#act(item);
    }
  }

  /** Keeps what changed an item beside it: an older page can bring the item later. */
  #act(item) {
    if (!REMEMBERED.has(item.event.kind)) return;
    const known = this.acts.get(item.target) ?? [];
    if (known.some((one) => one.index === item.index)) return;
    this.acts.set(item.target, [...known, item].sort((a, b) => a.index - b.index));
    const at = this.#position(item.target);
    // Another object, because rows are drawn anew when their item is another one.
    if (this.items[at]?.index === item.target) this.items[at] = { ...this.items[at] };
  }

  /** Takes in what the live stream or an answer brought. */
  add(items) {
    for (const item of items) {
      this.end = Math.max(this.end, item.index + 1);
      if (item.event.id) this.pending = this.pending.filter((one) => one.event.id !== item.event.id);
      if (item.target === undefined || item.target === null) this.#place(item);
      else { this.#act(item); this.#fold(item); }
    }
  }

  #place(read) {
    const item = this.#withDelivery(read);
    const at = this.#position(item.index);
    const known = this.items[at];
    if (known?.index === item.index) this.items[at] = { ...item, now: item.now ?? known.now };
    else this.items.splice(at, 0, item);
  }

  /** Where an index stands, or would. */
  #position(index) {
    let low = 0;
    let high = this.items.length;
    if (high && this.items[high - 1].index < index) return high;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.items[middle].index < index) low = middle + 1; else high = middle;
    }
    return low;
  }

  #fold({ index, target, event }) {
    const item = this.find(target);
    if (!item) return;
    const now = { ...item.now };
    if (event.kind === 'edit' && !(now.edited?.index >= index)) {
      now.edited = { index, at: event.made_at, count: (now.edited?.count ?? 0) + 1, text: event.text, mentions: event.mentions ?? [] };
    } else if (event.kind === 'recall' || event.kind === 'note_delete') {
      now.recalled = { by: event.author, index };
    } else if (event.kind === 'react') {
      now.reactions = react(now.reactions ?? [], event.emoji, event.author, event.on !== false);
    }
    this.items[this.items.indexOf(item)] = { ...item, now };
    if (now.recalled) this.#forget(target);
  }

  /** A recalled text is not kept in the quotes of its answers. */
  #forget(target) {
    this.items = this.items.map((item) => item.now?.quote?.index === target
      ? { ...item, now: { ...item.now, quote: { index: target, recalled: true } } } : item);
    this.acts.delete(target);
  }

  delivered(through) {
    this.through = Math.max(this.through, through);
    this.items = this.items.map((item) => this.#withDelivery(item));
  }

  refused(index, code) {
    this.refusals.set(index, code);
    this.items = this.items.map((item) => this.#withDelivery(item));
  }

  #withDelivery(item) {
    if (this.refusals.has(item.index)) return { ...item, delivery: { state: 'refused', code: this.refusals.get(item.index) } };
    return item.delivery?.state === 'queued' && (this.isTheirs || item.index <= this.through) ? { ...item, delivery: { state: 'delivered' } } : item;
  }

  addPending(item) {
    if (this.items.some((one) => one.event.id === item.event.id)) return;
    this.pending = [...this.pending.filter((one) => one.pending !== item.pending), item].sort((a, b) => a.pending - b.pending);
  }

  unplaced(number, code) {
    const delivery = code ? { state: 'refused', code } : { state: 'undelivered' };
    this.pending = this.pending.map((item) => (item.pending === number ? { ...item, delivery } : item));
  }

  moveFiles({ index, files, erasure }) {
    const item = this.find(index);
    if (item) this.#place({ ...item, now: { ...item.now, files, erasure } });
  }
}

function react(reactions, emoji, person, on) {
  const known = reactions.find((one) => one.emoji === emoji);
  const people = (known?.people ?? []).filter((one) => one !== person);
  if (on) people.push(person);
  if (!known) return on ? [...reactions, { emoji, people }] : reactions;
  return reactions.map((one) => (one === known ? { emoji, people } : one)).filter((one) => one.people.length);
}
