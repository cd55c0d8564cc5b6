// Everything the app knows, kept true by the live stream. Views listen to topics and draw from here; only this file asks
// the daemon for state.

import { Api } from '../shared/api.js';
import { Live } from '../shared/live.js';
import { usePhotos } from '../shared/ui.js';
import { Calls } from './calls/book.js';
import { Outbox } from './outbox.js';
import { Photos } from './photos.js';
import { Signals } from './signals.js';
import { Timeline } from './timeline.js';
import { plain } from './words.js';

const PREVIEWS_AT_ONCE = 4;
const TIMELINES_MAX = 12;
const SNAPSHOT = 'handclasp.snapshot';
const SNAPSHOT_MS = 1_500;

export class Store {
  #listeners = new Map();
  #timelines = new Map();
  #members = new Map();
  #profiles = new Map();
  /** The letters that events were, by the events' ids. */
  #letters = new Map();
  /** How many frames the live stream brought, and which of them was the last about a room or a person. */
  #frames = 0;
  #toldAt = new Map();
  /** What was asked for last, by topic. */
  #turns = new Map();

  constructor({ onSignedOut }) {
    this.api = new Api({ base: '/api/v1', onSignedOut: () => { this.stop(); localStorage.removeItem(SNAPSHOT); onSignedOut(); } });
    this.me = null;
    this.rooms = new Map();
    this.contacts = new Map();
    this.notices = [];
    this.previews = new Map();
    /** What the daemon offers beyond the first version: edit, recall, react, files, notes, events, folder. */
    this.features = {};
    this.connection = 'connecting';
    this.current = null;
    this.signals = new Signals(this);
    this.calls = new Calls(this);
    this.photos = new Photos(this);
    usePhotos((seed) => this.#photoOf(seed));
  }

  /** Calls `listener` on each change of a topic until the returned function is called. */
  on(topic, listener) {
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  tell(topic, detail) { for (const listener of [...(this.#listeners.get(topic) ?? [])]) listener(detail); }

  /** Signed in? Reads everything and begins to listen. Without a connection, begins with what was known last time. */
  async start() {
    try {
      this.me = await this.api.send('GET', '/me', { quiet: true });
    } catch (error) {
      if (error.status === 401) localStorage.removeItem(SNAPSHOT);
      if (error.status !== 0 || !this.#restore()) throw error;
    }
    this.live = new Live('/api/v1/events');
    this.live.addEventListener('frame', ({ detail }) => this.#frame(detail));
    this.live.addEventListener('state', ({ detail }) => this.#connected(detail.state));
    this.outbox = new Outbox(this.me.address, (letter) => this.#post(letter), (letter, posted) => this.#posted(letter, posted));
    this.outbox.addEventListener('change', ({ detail }) => this.tell(`timeline:${detail.room}`));
    this.live.start();
    for (const topic of ['rooms', 'contacts', 'me', 'features']) this.on(topic, () => this.#keep());
    if (this.isFromSnapshot) { this.connection = 'retrying'; return; }
    await Promise.all([this.readRooms(), this.readContacts(), this.readNotices()]);
    this.outbox.flush();
    this.#readFeatures();
  }

  /** Keeps who one is and which rooms there are for a start without a connection. Never what was said in them. */
  #keep() {
    this.keeping ??= setTimeout(() => {
      this.keeping = undefined;
      const known = { me: this.me, rooms: [...this.rooms.values()], contacts: [...this.contacts.values()], features: this.features };
      // Too much for this browser: then the next start needs a connection.
      try { localStorage.setItem(SNAPSHOT, JSON.stringify(known)); } catch { localStorage.removeItem(SNAPSHOT); }
    }, SNAPSHOT_MS);
  }

  #restore() {
    const known = JSON.parse(localStorage.getItem(SNAPSHOT) ?? 'null');
    if (!known?.me) return false;
    this.me = known.me;
    this.rooms = new Map(known.rooms.map((room) => [room.id, room]));
    this.contacts = new Map(known.contacts.map((contact) => [contact.address, contact]));
    this.features = known.features ?? {};
    this.isFromSnapshot = true;
    return true;
  }

  stop() {
    this.live?.stop();
    this.outbox?.stop();
    clearTimeout(this.keeping);
    this.photos.stop();
  }

  async signOut() {
    // What is still under way is refused from now on, which surprises nobody.
    this.api.onSignedOut = () => {};
    this.stop();
    localStorage.removeItem(SNAPSHOT);
    await this.api.send('DELETE', '/session', { quiet: true }).catch(() => {});
  }

  #connected(state) {
    if (state === 'over') { this.api.onSignedOut(); return; }
    const wasBroken = this.connection === 'broken' || this.connection === 'retrying';
    this.connection = state === 'connecting' && wasBroken ? 'retrying' : state;
    this.tell('connection');
    if (state !== 'open') return;
    this.outbox.flush();
    if (!this.isFromSnapshot) return;
    this.isFromSnapshot = false;
    this.reset();
    this.#readFeatures();
  }

  async #readFeatures() {
    const document = await this.api.get('/openapi.json').catch(() => ({ paths: {} }));
    const offers = (path, method) => Boolean(document.paths?.[`/api/v1${path}`]?.[method]);
    const message = '/rooms/{room}/messages/{index}';
    this.features = {
      edit: offers(message, 'patch'), recall: offers(message, 'delete'), react: offers(`${message}/reactions/{emoji}`, 'put'),
      files: offers('/uploads', 'post'), search: offers('/search', 'get'), report: offers('/reports', 'post'), signals: offers('/rooms/{room}/typing', 'post'), folder: offers('/rooms/{room}/folder', 'get'), calls: offers('/rooms/{room}/calls', 'post'), photos: offers('/me/photo', 'put'),
    };
    this.tell('features');
  }

  /**
   * Asks the daemon; resolves to its answer and `isNewer(what)`: whether something newer is known of that, because the live
   * stream has told of it since, or the same was asked for again. An answer can be overtaken, and what it says is then past.
   */
  async #ask(topic, ask) {
    const since = this.#frames;
    const turn = Symbol(topic);
    this.#turns.set(topic, turn);
    const answer = await ask();
    return [answer, (what) => this.#turns.get(topic) !== turn || (this.#toldAt.get(what) ?? -1) >= since];
  }

  async readRooms() {
    const [rooms, isNewer] = await this.#ask('rooms', () => this.api.all('/rooms'));
    this.rooms = newest(this.rooms, rooms.map((room) => [room.id, this.#withNews(room)]), isNewer);
    this.tell('rooms');
    this.#readPreviews(rooms);
  }

  async readContacts() {
    const [contacts, isNewer] = await this.#ask('contacts', () => this.api.all('/contacts'));
    this.contacts = newest(this.contacts, contacts.map((contact) => [contact.address, contact]), isNewer);
    this.tell('contacts');
  }

  async readNotices() {
    const { items } = await this.api.get('/notifications', { limit: 100 });
    this.notices = [...this.notices.filter(({ n }) => n > (items[0]?.n ?? -1)), ...items];
    this.tell('notices');
  }

  async readMe() {
    const [me, isNewer] = await this.#ask('me', () => this.api.get('/me'));
    if (!isNewer('me')) this.me = me;
    this.tell('me');
  }

  /** Asks somebody to be a contact. What becomes of it, the live stream tells; perhaps before the answer is here. */
  async addContact(address) {
    const [contact, isNewer] = await this.#ask(`contact ${address}`, () => this.api.post('/contacts', { address }));
    if (!isNewer(contact.address)) this.putContact(contact);
  }

  /** A room as it was read, with what the live stream brought into it meanwhile. */
  #withNews(room) {
    const known = this.rooms.get(room.id);
    if (!known || known.next_index <= room.next_index) return room;
    return { ...room, next_index: known.next_index, last_event_at: known.last_event_at, unread: known.unread };
  }

  /** The last line of each room, a few at a time. */
  async #readPreviews(rooms) {
    const queue = rooms.filter((room) => room.last_event_at && !this.previews.has(room.id)).sort((a, b) => b.last_event_at - a.last_event_at);
    const work = async () => {
      for (let room; (room = queue.shift());) {
        const page = await this.api.get(`/rooms/${room.id}/messages`, { limit: 5 }).catch(() => ({ items: [] }));
        this.#preview(room.id, page.items);
        if (room.kind !== 'direct') this.readMembers(room.id).catch(() => {});
      }
    };
    await Promise.all(Array.from({ length: PREVIEWS_AT_ONCE }, work));
    this.tell('rooms');
  }

  #preview(room, items) {
    const shown = items.filter((item) => !(item.target >= 0)).at(-1);
    if (shown && !(this.previews.get(room)?.index > shown.index)) this.previews.set(room, shown);
    // What was taken back or said anew does not stay in the list either.
    for (const { target, event } of items) {
      const last = this.previews.get(room);
      if (last?.index !== target) continue;
      if (event.kind === 'recall') this.previews.set(room, { ...last, now: { ...last.now, recalled: { by: event.author } } });
      if (event.kind === 'edit') this.previews.set(room, { ...last, now: { ...last.now, edited: { text: event.text, at: event.made_at } } });
    }
  }

  timeline(room) {
    let timeline = this.#timelines.get(room);
    if (!timeline) {
      timeline = new Timeline(this.api, room, this.rooms.get(room)?.host !== this.me.org);
      if (this.#timelines.size >= TIMELINES_MAX) this.#timelines.delete([...this.#timelines.keys()].find((id) => id !== this.current));
    }
    this.#timelines.delete(room);
    this.#timelines.set(room, timeline);
    return timeline;
  }

  members(room) { return this.#members.get(room); }

  async readMembers(room) {
    const [members, isNewer] = await this.#ask(`members ${room}`, () => this.api.all(`/rooms/${room}/members`));
    if (isNewer()) return this.#members.get(room) ?? members;
    this.#members.set(room, members);
    for (const member of members) if (member.name) this.#profiles.set(member.address, member);
    this.tell('names');
    return members;
  }

  /** What to call somebody: one's own name for them, their org's, else the address. */
  nameOf(address) {
    if (!address) return '';
    if (address === this.me?.address) return plain(this.me.name);
    const contact = this.contacts.get(address);
    return plain(contact?.overlay?.name || contact?.name || this.#profiles.get(address)?.name) || address;
  }

  #photoOf(address) {
    const known = address === this.me?.address ? this.me : this.contacts.get(address) ?? this.#profiles.get(address);
    return this.photos.url(known?.photo ?? this.#profiles.get(address)?.photo, `/people/${encodeURIComponent(address)}/photo`);
  }

  isOurs(address) { return address.endsWith(`@${this.me.org}`); }

  orgNameOf(address) {
    const domain = address.split('@')[1];
    return plain(this.peer(domain)?.org_name) || domain;
  }

  roomName(room) { return room.kind === 'direct' ? this.nameOf(room.with) : plain(room.name); }

  peer(domain) { return this.me?.peers.find((peer) => peer.peer === domain); }

  /** When messaging with a partner last ended, as far as we were notified. */
  endedAt(peer) { return this.notices.find((notice) => notice.kind === 'ended' && notice.peer === peer)?.at; }

  /** Rooms by their last sign of life. */
  sortedRooms() {
    const at = (room) => room.last_event_at ?? room.created_at;
    return [...this.rooms.values()].sort((a, b) => at(b) - at(a));
  }

  /** Notifications that were not read, newest first. */
  get unreadNotices() { return this.notices.slice(0, this.me.unread_notifications); }

  /** Whether one was called by name in a room, in what one has not read. */
  isCalledIn(room) { return room.unread > 0 && this.unreadNotices.some((notice) => notice.kind === 'mentioned' && notice.room === room.id && notice.index > (room.read_index ?? -1)); }

  get unread() { return [...this.rooms.values()].reduce((sum, room) => sum + room.unread, 0); }

  async #post({ room, message, key }) { return this.api.post(`/rooms/${room}/messages`, message, { key }); }

  /** What an event's row is known by: it bears the same name from the outbox to its place. */
  keyOf(event) { return `m-${this.#letters.get(event.id) ?? event.id}`; }

  #claim(room, event) {
    if (event.kind !== 'message' || event.author !== this.me.address || this.#letters.has(event.id)) return;
    const letter = this.outbox.claim(room, event);
    if (letter) this.#letters.set(event.id, letter.key);
  }

  /** Shows what is durable at once; the live stream says the same again. */
  #posted({ room, message, at, key }, posted) {
    this.#letters.set(posted.id, key);
    const timeline = this.timeline(room);
    const event = { kind: 'message', id: posted.id, author: this.me.address, made_at: at, text: message.text, reply_to: message.reply_to, mentions: message.mentions };
    if (message.files?.length) {
      // The files' names and sizes come with the live stream.
    } else if (posted.index !== undefined && posted.index !== null) {
      if (!timeline.find(posted.index)) timeline.add([{ index: posted.index, at, delivery: posted.delivery, event }]);
    } else if (posted.pending !== undefined && posted.pending !== null) {
      timeline.addPending({ pending: posted.pending, delivery: posted.delivery ?? { state: 'queued' }, event });
    }
    this.tell(`timeline:${room}`);
  }

  async markRead(id) {
    const room = this.rooms.get(id);
    const last = room ? room.next_index - 1 : -1;
    if (!room || last < 0 || room.unread === 0) return;
    this.rooms.set(id, { ...room, unread: 0, read_index: last });
    this.tell('rooms');
    await this.api.put(`/rooms/${id}/read`, { index: last }).catch(() => {});
  }

  #frame({ name, data }) {
    const about = ABOUT[name]?.(data);
    if (about) this.#toldAt.set(about, this.#frames);
    this.#frames += 1;
    FRAMES[name]?.(this, data);
  }

  takeMessages({ room: id, items }) {
    for (const { event } of items) {
      this.#claim(id, event);
      this.signals.ended(id, event.author);
    }
    const known = this.#timelines.get(id);
    known?.add(items);
    this.#preview(id, items);
    const room = this.rooms.get(id);
    if (room) {
      const last = items.at(-1);
      const fresh = items.filter((item) => !(item.target >= 0) && item.index > (room.read_index ?? -1) && item.index >= room.next_index && item.event.author !== this.me.address);
      this.rooms.set(id, { ...room, next_index: Math.max(room.next_index, last.index + 1), last_event_at: last.at, unread: room.unread + fresh.length });
      if (items.some((item) => ['joined', 'removed', 'excluded', 'role'].includes(item.event.kind))) this.readMembers(id).catch(() => {});
    } else {
      this.readRooms().catch(() => {});
    }
    this.tell(`timeline:${id}`);
    for (const [prefix, topic] of [['note', 'notes'], ['date', 'calendar'], ['folder', 'folder']]) if (items.some(({ event }) => event.kind.startsWith(prefix))) this.tell(`${topic}:${id}`);
    this.tell('rooms');
    this.tell('arrived', { room: id, items });
  }

  takePending(id, item) {
    this.#claim(id, item.event);
    this.change(id, (timeline) => timeline.addPending(item));
  }

  change(id, act) {
    const timeline = this.#timelines.get(id);
    if (!timeline) return;
    act(timeline);
    this.tell(`timeline:${id}`);
  }

  putRoom(room) {
    this.rooms.set(room.id, this.#withNews(room));
    this.tell('rooms');
    this.tell(`room:${room.id}`);
  }

  dropRoom(id) {
    this.rooms.delete(id);
    this.tell('rooms');
    this.tell(`room:${id}`);
  }

  putContact(contact) {
    if (contact.state === 'none' && !contact.blocked) this.contacts.delete(contact.address);
    else this.contacts.set(contact.address, contact);
    this.tell('contacts');
    this.tell('names');
  }

  addNotice(notice) {
    this.notices = [notice, ...this.notices.filter((one) => one.n !== notice.n)];
    this.me = { ...this.me, unread_notifications: this.me.unread_notifications + 1 };
    this.tell('notices');
    this.tell('me');
    this.tell('noticed', notice);
  }

  /** A link decides what can be written and what becomes of what waits: the rooms of that partner are read afresh. */
  async takeLink({ peer }) {
    await Promise.all([this.readMe(), this.readRooms(), this.readContacts()]).catch(() => {});
    const rooms = [...this.rooms.values()].filter((room) => room.partner === peer);
    await Promise.all(rooms.map((room) => this.#refreshKnown(room.id)));
  }

  async #refreshKnown(id) {
    this.tell(`room:${id}`);
    const timeline = this.#timelines.get(id);
    if (timeline?.isLoaded) await timeline.refresh().catch(() => {});
    this.tell(`timeline:${id}`);
  }

  /** The stream cannot be resumed: everything is read afresh. */
  async reset() {
    await Promise.all([this.readMe(), this.readRooms(), this.readContacts(), this.readNotices()]).catch(() => {});
    this.tell('reset');
    await Promise.all([...this.#timelines.keys()].map((id) => this.#refreshKnown(id)));
  }

  putProfile({ address, name, photo }) {
    this.#profiles.set(address, { address, name, photo });
    const contact = this.contacts.get(address);
    if (contact) this.contacts.set(address, { ...contact, name, photo });
    this.tell('names');
    this.tell('contacts');
  }
}

/** What was read, except where something newer is known: that stays, or stays away. */
function newest(known, read, isNewer) {
  return new Map([...read.filter(([key]) => !isNewer(key)), ...[...known].filter(([key]) => isNewer(key))]);
}

/** What a frame tells everything of. */
const ABOUT = { room: ({ id }) => id, room_left: ({ room }) => room, read: ({ room }) => room, contact: ({ address }) => address, me: () => 'me' };

/** What each kind of live frame does. Unknown kinds are passed over. */
const FRAMES = {
  messages: (store, data) => store.takeMessages(data),
  pending: (store, { room, item }) => store.takePending(room, item),
  unplaced: (store, { room, pending, code }) => store.change(room, (timeline) => timeline.unplaced(pending, code)),
  delivered: (store, { room, through }) => store.change(room, (timeline) => timeline.delivered(through)),
  refused: (store, { room, index, code }) => store.change(room, (timeline) => timeline.refused(index, code)),
  files: (store, data) => {
    store.change(data.room, (timeline) => timeline.moveFiles(data));
    // Where a file is, notes and the folder show too.
    for (const topic of ['notes', 'folder']) store.tell(`${topic}:${data.room}`);
  },
  room: (store, room) => store.putRoom(room),
  room_left: (store, { room }) => store.dropRoom(room),
  contact: (store, contact) => store.putContact(contact),
  notification: (store, notice) => store.addNotice(notice),
  link: (store, link) => store.takeLink(link),
  profile: (store, profile) => store.putProfile(profile),
  me: (store, me) => { store.me = me; store.tell('me'); },
  read: (store, { room, index }) => {
    const known = store.rooms.get(room);
    if (known) store.putRoom({ ...known, read_index: index, unread: Math.max(0, known.next_index - 1 - index) });
  },
  reset: (store) => store.reset(),
  signals: (store, picture) => store.signals.takePicture(picture),
  presence: (store, present) => store.signals.takePresence(present),
  typing: (store, typing) => store.signals.takeTyping(typing),
  reader: (store, moved) => store.signals.takeReader(moved),
  call: (store, call) => store.calls.take(call),
  call_signal: (store, signal) => store.calls.takeSignal(signal),
};
