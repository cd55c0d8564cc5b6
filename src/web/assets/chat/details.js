// What a room is: who is in it, what it is set to, who was in it; or the card of the other person.

import { fill, h, icon } from '../shared/dom.js';
import { dateTime, t } from '../shared/i18n.js';
import { ask, avatar, button, complain, externalBadge, failed, field, iconButton, loading, openMenu, toast } from '../shared/ui.js';
import { addContact, block, contactCard, pickPeople } from './people.js';
import { photoEditor, roomAvatar } from './photos.js';
import { report } from './report.js';
import { plain } from './words.js';

const MB = 1_000_000;

/** The tab of a room that is no direct one. Returns {element, refresh()}. */
export function detailsTab({ store, app, room }) {
  return new Details(store, app, room);
}

class Details {
  constructor(store, app, room) {
    Object.assign(this, { store, app, room, element: h('div', { class: 'tab-body' }, loading()) });
    this.body = this.element;
    this.refresh();
  }

  get isMaster() { return this.room.you?.role === 'master'; }

  async refresh() {
    const { store } = this;
    this.room = store.rooms.get(this.room.id) ?? this.room;
    const { room } = this;
    if (room.kind === 'direct') {
      // What one writes about somebody is not taken away.
      if (!document.activeElement?.closest('form') || !this.body.contains(document.activeElement)) fill(this.body, contactCard(store, this.app, room.with));
      return;
    }
    if (this.reading) { this.again = true; return; }
    this.reading = true;
    try {
      const isGroup = room.kind === 'group';
      const [members, former, invited] = await Promise.all([
        store.api.all(`/rooms/${room.id}/members`),
        this.isMaster ? store.api.all(`/rooms/${room.id}/former`).catch(() => []) : [],
        isGroup ? store.api.all(`/rooms/${room.id}/invitations`).catch(() => []) : [],
      ]);
      const focused = this.body.contains(document.activeElement);
      if (!focused || !this.body.querySelector('form')) this.#draw(members, former, invited);
    } catch (error) {
      fill(this.body, failed(error, () => this.refresh()));
    } finally {
      this.reading = false;
    }
    if (this.again) { this.again = false; this.refresh(); }
  }

  #draw(members, former, invited) {
    const { store, room } = this;
    const present = new Set(members.map((member) => member.address));
    const gone = former.filter((one) => !present.has(one.address));
    const tell = button(t('report.room'), { icon: 'flag', kind: 'small', onClick: () => report(store, { room: room.id }, plain(room.name)) });
    fill(this.body,
      h('section', { class: 'panel-top' }, roomAvatar(store, room, { size: 'large' }), h('h2', {}, h('bdi', {}, plain(room.name))),
        room.description && h('p', { class: 'soft', dir: 'auto' }, plain(room.description)), room.external && externalBadge(plain(room.partner_name))),
      h('section', {}, h('div', { class: 'row' }, h('h2', { class: 'grow' }, t('panel.members'), ' ', h('span', { class: 'faint' }, String(members.length))),
        this.isMaster && button(t('panel.add'), { kind: 'small', icon: 'personAdd', onClick: () => this.#add(present) })),
      h('ul', {}, members.map((member) => h('li', { class: 'person' }, this.#person(member, [member.role === 'master' && h('span', { class: 'badge' }, icon('star'), t('panel.master'))]), this.#memberMenu(member))))),
      invited.length > 0 && h('section', {}, h('h2', {}, t('panel.invited')), h('ul', {}, invited.map((one) => h('li', { class: 'person' }, this.#person({ ...one, external: true }, []))))),
      gone.length > 0 && this.#former(gone),
      this.#settings(),
      h('section', { class: 'faint' }, h('p', {}, t('panel.made', { name: store.nameOf(room.created_by), when: dateTime(room.created_at) })),
        room.external && h('p', {}, t('panel.host', { org: room.host === store.me.org ? room.host : plain(room.partner_name) || room.host })),
        room.kind === 'group' && room.external && h('p', {}, t('panel.noLeave'))),
      store.features.report && h('div', { class: 'deeds' }, tell));
  }

  #person(person, marks) {
    const { store } = this;
    const name = plain(person.name) || store.nameOf(person.address);
    return [avatar(name, person.address, { external: person.external, presence: store.signals.presenceOf(person.address) }),
      h('span', { class: 'grow person-text' }, h('span', { class: 'row' }, h('bdi', { class: 'clip' }, name), marks), h('span', { class: 'faint clip' }, person.address))];
  }

  #memberMenu(member) {
    const { store, app, room } = this;
    const isMe = member.address === store.me.address;
    const contact = store.contacts.get(member.address);
    const path = `/rooms/${room.id}/members/${encodeURIComponent(member.address)}`;
    const name = store.nameOf(member.address);
    const setRole = (role) => store.api.put(`${path}/role`, { role }).then(() => this.refresh(), complain);
    const remove = async () => {
      if (await ask(t('panel.remove'), t('panel.removeAsk', { name }), { yes: t('panel.remove'), danger: true })) await store.api.delete(path).then(() => this.refresh(), complain);
    };
    const items = [
      !isMe && contact?.room && { label: t('panel.message'), icon: 'chat', onPick: () => app.go(`/rooms/${contact.room}`) },
      !isMe && member.external && !contact && { label: t('contact.add'), icon: 'personAdd', onPick: () => addContact(store, app, member.address) },
      this.isMaster && member.role !== 'master' && { label: t('panel.makeMaster'), icon: 'star', onPick: () => setRole('master') },
      this.isMaster && member.role === 'master' && { label: t('panel.makeMember'), icon: 'person', onPick: () => setRole('member') },
      !isMe && store.features.report && { label: t('report.person'), icon: 'flag', onPick: () => report(store, { person: member.address }, name) },
      !isMe && member.external && !contact?.blocked && { label: t('contact.block'), icon: 'block', onPick: () => block(store, member.address) },
      this.isMaster && !isMe && { label: t('panel.remove'), icon: 'trash', danger: true, onPick: remove },
    ].filter(Boolean);
    if (!items.length) return null;
    const more = iconButton('more', `${t('ui.more')}: ${name}`, () => openMenu(more, items), { class: 'small', aria: { label: `${t('ui.more')}: ${name}`, haspopup: 'menu', expanded: false } });
    return more;
  }

  #former(gone) {
    const add = (users) => this.#addUsers(users.map((one) => one.address));
    return h('section', {}, h('div', { class: 'row' }, h('h2', { class: 'grow' }, t('panel.former')), gone.length > 1 && button(t('panel.addAll'), { kind: 'small', onClick: () => add(gone) })),
      h('ul', {}, gone.map((one) => h('li', { class: 'person' }, this.#person(one, [h('span', { class: 'faint' }, t('panel.until', { when: dateTime(one.ended_at) }))]), button(t('panel.addAgain'), { kind: 'small', onClick: () => add([one]) })))));
  }

  async #add(present) {
    const users = await pickPeople(this.store, { title: t('panel.add'), yes: t('panel.add'), without: present, partner: this.room.partner });
    if (users?.length) await this.#addUsers(users);
  }

  async #addUsers(users) {
    try {
      await this.store.api.post(`/rooms/${this.room.id}/members`, { users });
    } catch (error) { complain(error); }
    this.refresh();
  }

  #settings() {
    const { store, room } = this;
    if (!this.isMaster) return h('section', {}, h('h2', {}, t('panel.settings')), h('p', { class: 'faint' }, t('panel.onlyMasters')));
    const name = field(t('panel.name'), { value: room.name ?? '', maxLength: 100, required: true });
    const description = field(t('panel.description'), { value: room.description, maxLength: 300 });
    const choice = (id, name, values, chosen) => {
      const input = h('select', { class: 'input', id }, values.map((value) => h('option', { value, selected: value === chosen }, t(`panel.${name}.${value}`))));
      return { input, element: h('div', { class: 'field' }, h('label', { htmlFor: id }, t(`panel.${name}`)), input) };
    };
    const history = choice('history', 'history', ['arrival', 'all'], room.history);
    const callers = choice('callers', 'callers', ['members', 'masters'], room.callers);
    const tools = (room.tools ?? []).map((one) => ({ one, box: h('input', { type: 'checkbox', checked: one.on || Boolean(one.off_by && one.off_by !== 'masters'), disabled: Boolean(one.off_by && one.off_by !== 'masters') }) }));
    const own = room.file_limit?.by === 'masters' ? room.file_limit.bytes_max / MB : '';
    const largest = field(t('panel.fileMax'), { type: 'number', min: 1, step: 1, value: own });
    const form = h('form', { class: 'stack' }, name.element, description.element, history.element, room.file_limit && largest.element, room.kind === 'group' && callers.element,
      tools.length > 0 && h('fieldset', { class: 'field' }, h('legend', { class: 'label' }, t('panel.tools')), tools.map(({ one, box }) => h('label', { class: 'check' }, box, t(`tools.${one.tool}`)))),
      h('div', {}, button(t('ui.save'), { type: 'submit' })));
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      // The form stays while somebody writes in it: what it is compared with is the room as it is now.
      const now = store.rooms.get(room.id) ?? room;
      const change = {};
      if (name.input.value !== now.name) change.name = name.input.value;
      if (description.input.value !== now.description) change.description = description.input.value;
      if (history.input.value !== now.history) change.history = history.input.value;
      if (callers.input.value !== now.callers) change.callers = callers.input.value;
      if (room.file_limit && largest.input.value !== String(own)) change.file_bytes_max = Math.round(Number(largest.input.value) * MB);
      const isOn = ({ tool }) => now.tools.find((known) => known.tool === tool)?.on;
      const switched = tools.filter(({ one, box }) => !box.disabled && box.checked !== isOn(one));
      if (switched.length) change.tools = Object.fromEntries(switched.map(({ one, box }) => [one.tool, box.checked]));
      if (!Object.keys(change).length) return;
      try {
        await store.api.patch(`/rooms/${room.id}`, change);
        toast(t('contact.saved'), { kind: 'good' });
      } catch (error) {
        ({ name, description, file_bytes_max: largest }[error.field] ?? { fail: () => complain(error) }).fail(error.message);
      }
    });
    const photo = store.features.photos && photoEditor(store, { face: () => roomAvatar(store, store.rooms.get(room.id) ?? room), path: `/rooms/${room.id}/photo`, has: () => Boolean((store.rooms.get(room.id) ?? room).photo), done: async () => store.putRoom(await store.api.get(`/rooms/${room.id}`)) });
    return h('section', {}, h('h2', {}, t('panel.settings')), photo, form);
  }
}
