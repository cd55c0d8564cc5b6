// People: contacts with the clear answer of an add, why somebody cannot be reached, one's own notes, blocks, new groups.

import { fill, h, icon } from '../shared/dom.js';
import { t } from '../shared/i18n.js';
import { ask, avatar, button, complain, externalBadge, field, loading, openDialog, toast } from '../shared/ui.js';
import { report } from './report.js';
import { plain } from './words.js';

const ANSWER_MS = 15_000;
const path = (address) => `/contacts/${encodeURIComponent(address)}`;

/**
 * Tells what became of asking somebody: `tell(contact)` once it is no longer pending and, when they were added, has its
 * room; before that, once, when it takes long. Returns what ends it.
 */
function onAnswer(store, address, tell) {
  const look = () => {
    const contact = store.contacts.get(address);
    if (!contact || contact.state === 'pending' || (contact.state === 'added' && !contact.room)) return;
    stop();
    tell(contact);
  };
  const off = store.on('contacts', look);
  const timer = setTimeout(() => tell(store.contacts.get(address)), ANSWER_MS);
  const stop = () => { off(); clearTimeout(timer); };
  look();
  return stop;
}

/** Asks for an address, adds it, and says clearly what came of it. */
export function addContact(store, app, given = '') {
  return openDialog(t('nav.addContact'), (dialog) => {
    const address = field(t('contact.address'), { type: 'text', inputMode: 'email', autocomplete: 'off', autocapitalize: 'none', spellcheck: false, required: true, value: given, hint: t('contact.addressHint') });
    const outcome = h('div', { role: 'status', aria: { live: 'polite' } });
    const submit = button(t('contact.add'), { kind: 'primary', type: 'submit' });
    const form = h('form', { id: 'add-contact', class: 'stack', noValidate: true }, address.element, outcome);
    submit.setAttribute('form', 'add-contact');
    let stop = () => {};
    dialog.addEventListener('close', () => stop());
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      const wanted = address.input.value.trim().toLowerCase();
      if (!wanted) { address.input.focus(); return; }
      stop();
      submit.disabled = true;
      fill(outcome, h('div', { class: 'row' }, h('div', { class: 'spinner' }), t('contact.asking', { org: wanted.split('@')[1] ?? '' })));
      try {
        await store.addContact(wanted);
        stop = onAnswer(store, wanted, (contact) => { submit.disabled = false; showOutcome(store, app, dialog, outcome, contact, wanted); });
      } catch (error) {
        submit.disabled = false;
        fill(outcome);
        if (error.field === 'address' || error.status === 400) address.fail(error.message);
        else fill(outcome, h('div', { class: 'banner bad' }, icon('alert'), h('div', { class: 'grow' }, h('p', {}, error.message)), button(t('banner.why'), { kind: 'small', onClick: () => showWhyNot(store, wanted, 'contacts') })));
      }
    });
    return { body: form, footer: [button(t('ui.cancel'), { onClick: () => dialog.close('') }), submit] };
  });
}

function showOutcome(store, app, dialog, outcome, contact, address) {
  const org = store.orgNameOf(address);
  if (contact?.state === 'added') {
    fill(outcome, h('div', { class: 'banner good' }, icon('check'), h('div', { class: 'grow' }, h('strong', {}, t('contact.added', { name: store.nameOf(address) })), externalBadge(org)),
      contact.room && button(t('contact.open'), { kind: 'small', autofocus: true, onClick: () => { dialog.close('added'); app.go(`/rooms/${contact.room}`); } })));
    outcome.querySelector('button')?.focus();
    store.readRooms().catch(() => {});
  } else if (contact?.state === 'pending') {
    fill(outcome, h('div', { class: 'banner warn' }, icon('clock'), h('p', {}, t('contact.stillAsking', { org }))));
  } else {
    fill(outcome, h('div', { class: 'banner warn' }, icon('alert'), h('div', { class: 'grow' }, h('strong', {}, t('contact.unavailable', { address })), h('p', {}, t('contact.unavailableText', { org }))),
      button(t('banner.why'), { kind: 'small', onClick: () => showWhyNot(store, address, 'contacts') })));
  }
}

/** What stands against reaching somebody, and who can change it. */
export function showWhyNot(store, address, scope = 'messages') {
  return openDialog(t('why.title'), () => {
    const body = h('div', { class: 'stack' }, loading());
    store.api.get('/why-not', { address, scope }).then(({ possible, reasons }) => {
      fill(body, h('p', { class: 'soft' }, address), possible ? h('div', { class: 'banner good' }, icon('check'), h('p', {}, t('why.none')))
        : reasons.map((reason) => h('div', { class: 'card' }, h('p', {}, reason.detail), h('p', { class: 'faint' }, t(`why.who.${reason.who}`)))));
    }, (error) => fill(body, h('p', {}, error.message)));
    return body;
  });
}

export async function block(store, address) {
  const name = store.nameOf(address);
  if (!await ask(t('contact.block'), t('contact.blockAsk', { name }), { yes: t('contact.block'), danger: true })) return;
  await store.api.put(`${path(address)}/block`).then(() => refresh(store, address), complain);
}

export const unblock = (store, address) => store.api.delete(`${path(address)}/block`).then(() => refresh(store, address), complain);

async function refresh(store) { await Promise.all([store.readContacts(), store.readRooms()]); }

/** A contact's card: who they are, one's own notes, what can be done. */
export function contactCard(store, app, address) {
  const contact = store.contacts.get(address);
  const name = store.nameOf(address);
  const org = store.orgNameOf(address);
  const top = h('section', { class: 'panel-top' }, avatar(name, address, { size: 'large', external: true, presence: store.signals.presenceOf(address) }), h('h2', {}, h('bdi', {}, name)), h('p', { class: 'soft' }, address), externalBadge(org),
    contact && h('p', { class: 'row' }, contact.blocked && h('span', { class: 'badge bad' }, icon('block'), t('contact.blocked')), contact.state !== 'added' && h('span', { class: 'badge warn' }, t(`contact.state.${contact.state}`))));
  if (!contact) return [top, button(t('contact.add'), { kind: 'primary', onClick: () => addContact(store, app, address) })];
  const their = contact.overlay.name && contact.name && h('p', { class: 'faint' }, t('contact.theirName', { org, name: plain(contact.name) }));
  const why = contact.why_not && h('div', { class: 'banner warn' }, icon('info'), h('p', { class: 'grow' }, contact.why_not.detail), button(t('banner.why'), { kind: 'small', onClick: () => showWhyNot(store, address) }));
  return [top, their, why, contactDeeds(store, app, contact), notes(store, contact)];
}

function contactDeeds(store, app, contact) {
  const { address } = contact;
  const name = store.nameOf(address);
  const remove = async () => {
    if (!await ask(t('contact.remove'), t('contact.removeAsk', { name }), { yes: t('contact.remove'), danger: true })) return;
    await store.api.delete(path(address)).then(() => refresh(store).then(() => app.go('/contacts')), complain);
  };
  return h('div', { class: 'deeds' },
    contact.room && button(t('contact.open'), { icon: 'chat', kind: 'primary small', onClick: () => app.go(`/rooms/${contact.room}`) }),
    contact.state !== 'added' && contact.state !== 'pending' && button(t('contact.tryAgain'), { icon: 'refresh', kind: 'small', onClick: () => addContact(store, app, address) }),
    contact.blocked ? button(t('contact.unblock'), { icon: 'check', kind: 'small', onClick: () => unblock(store, address) }) : button(t('contact.block'), { icon: 'block', kind: 'small', onClick: () => block(store, address) }),
    store.features.report && button(t('report.person'), { icon: 'flag', kind: 'small', onClick: () => report(store, { person: address }, name) }),
    contact.state !== 'none' && button(t('contact.remove'), { icon: 'trash', kind: 'small danger', onClick: remove }));
}

function notes(store, contact) {
  const { overlay } = contact;
  const fields = { name: field(t('contact.overlayName'), { value: overlay.name ?? '' }), phone: field(t('contact.phone'), { value: overlay.phone ?? '', type: 'tel' }), email: field(t('contact.email'), { value: overlay.email ?? '', inputMode: 'email' }), note: field(t('contact.note'), { value: overlay.note ?? '' }) };
  const form = h('form', { class: 'stack', noValidate: true }, Object.values(fields).map((one) => one.element), h('div', {}, button(t('ui.save'), { type: 'submit' })));
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const change = Object.fromEntries(Object.entries(fields).map(([key, one]) => [key, one.input.value.trim()]));
    try {
      await store.api.patch(path(contact.address), change);
      await store.readContacts();
      store.tell('names');
      toast(t('contact.saved'), { kind: 'good' });
    } catch (error) { (fields[error.field] ?? { fail: () => complain(error) }).fail(error.message); }
  });
  return h('section', {}, h('h2', {}, t('contact.yours')), h('p', { class: 'faint' }, t('contact.yoursHint')), form);
}

/** A list of people to tick. Returns {element, chosen()}. */
function peopleList(store, { without = new Set(), partner, onChange = () => {} }) {
  const contacts = [...store.contacts.values()].filter((contact) => contact.state === 'added' && !contact.blocked && !without.has(contact.address) && (!partner || contact.address.endsWith(`@${partner}`)));
  const chosen = new Set();
  const list = h('div', { class: 'people-list', role: 'group', aria: { label: t('group.members') } });
  const row = (address, on) => {
    const box = h('input', { type: 'checkbox', checked: on, on: { change: () => { if (box.checked) chosen.add(address); else chosen.delete(address); onChange(chosen); } } });
    const name = store.nameOf(address);
    return h('label', { class: 'check' }, box, avatar(name, address, { size: 'small', external: !store.isOurs(address) }), h('span', { class: 'grow' }, h('bdi', {}, name), ' ', h('span', { class: 'faint' }, address)), !store.isOurs(address) && externalBadge(store.orgNameOf(address)));
  };
  fill(list, contacts.map((contact) => row(contact.address, false)));
  const colleague = h('input', { class: 'input', placeholder: t('group.colleague'), aria: { label: t('group.colleague') }, autocapitalize: 'none', autocomplete: 'off', spellcheck: false });
  const add = () => {
    const text = colleague.value.trim().toLowerCase();
    if (!text) return;
    const address = text.includes('@') ? text : `${text}@${store.me.org}`;
    if (!chosen.has(address) && !without.has(address) && address !== store.me.address) { chosen.add(address); list.append(row(address, true)); onChange(chosen); }
    colleague.value = '';
    colleague.focus();
  };
  colleague.addEventListener('keydown', (event) => { if (event.key === 'Enter') { event.preventDefault(); add(); } });
  const element = h('div', { class: 'stack' }, list, h('div', { class: 'row' }, colleague, button(t('group.addColleague'), { onClick: add })));
  return { element, chosen: () => [...chosen] };
}

/** Lets the person choose; resolves to addresses, or undefined. */
export async function pickPeople(store, { title, yes, without, partner }) {
  let list;
  const answer = await openDialog(title, (dialog) => {
    list = peopleList(store, { without, partner });
    return { body: list.element, footer: [button(t('ui.cancel'), { onClick: () => dialog.close('') }), button(yes, { kind: 'primary', onClick: () => dialog.close('yes') })] };
  });
  return answer === 'yes' ? list.chosen() : undefined;
}

/** Makes a group; when there is one with exactly these members, that one is offered first. */
export function newGroup(store, app) {
  return openDialog(t('nav.newGroup'), (dialog) => {
    const name = field(t('group.name'), { maxLength: 100, required: true });
    const description = field(t('group.description'), { maxLength: 300 });
    const told = h('div', { role: 'status', aria: { live: 'polite' } });
    const note = (chosen) => {
      const orgs = new Set([...chosen].filter((address) => !store.isOurs(address)).map((address) => store.orgNameOf(address)));
      fill(told, orgs.size > 1 ? h('div', { class: 'banner bad' }, icon('alert'), h('p', {}, t('group.oneOrg')))
        : orgs.size === 1 && h('div', { class: 'banner warn' }, icon('globe'), h('p', {}, t('group.external', { org: [...orgs][0] }))));
    };
    const people = peopleList(store, { onChange: note });
    const submit = button(t('group.create'), { kind: 'primary', type: 'submit' });
    const form = h('form', { id: 'new-group', class: 'stack', noValidate: true }, name.element, description.element, h('div', { class: 'field' }, h('span', { class: 'label' }, t('group.members')), people.element), told);
    submit.setAttribute('form', 'new-group');
    const create = async (another) => {
      const room = { name: name.input.value.trim(), description: description.input.value.trim(), members: people.chosen(), new: another };
      if (!room.name) { name.fail(t('group.name')); name.input.focus(); return; }
      if (!room.members.length) { fill(told, h('p', { class: 'error-text' }, t('group.noMembers'))); return; }
      submit.disabled = true;
      try {
        const made = await store.api.post('/rooms', room);
        store.putRoom(made);
        dialog.close('made');
        app.go(`/rooms/${made.id}`);
      } catch (error) {
        if (error.code === 'EXISTS') offer(error); else if (error.field === 'name') name.fail(error.message);
        else fill(told, h('div', { class: 'banner bad' }, icon('alert'), h('p', {}, error.message)));
      }
      submit.disabled = false;
    };
    const offer = (error) => {
      const rooms = (error.body.rooms ?? []).map((known) => store.rooms.get(known.id ?? known)).filter(Boolean);
      fill(told, h('div', { class: 'banner warn' }, icon('info'), h('div', { class: 'grow stack' }, h('strong', {}, t('group.existing')), h('p', {}, t('group.existingText')),
        rooms.map((room) => button(store.roomName(room), { icon: 'group', kind: 'small', onClick: () => { dialog.close(''); app.go(`/rooms/${room.id}`); } })),
        button(t('group.anyway'), { kind: 'small', onClick: () => create(true) }))));
    };
    form.addEventListener('submit', (event) => { event.preventDefault(); create(false); });
    return { body: form, footer: [button(t('ui.cancel'), { onClick: () => dialog.close('') }), submit] };
  });
}

/** All contacts. */
export function contactRows(store) {
  const rows = [...store.contacts.values()].sort((a, b) => store.nameOf(a.address).localeCompare(store.nameOf(b.address)));
  return rows.map((contact) => {
    const { address } = contact;
    const name = store.nameOf(address);
    return h('li', {}, h('a', { class: 'person', href: `/contacts/${encodeURIComponent(address)}` }, avatar(name, address, { external: true, presence: store.signals.presenceOf(address) }),
      h('span', { class: 'grow person-text' }, h('bdi', { class: 'clip' }, name), h('span', { class: 'faint clip' }, address)),
      contact.blocked && h('span', { class: 'badge bad' }, icon('block'), t('contact.blocked')),
      contact.state !== 'added' && h('span', { class: 'badge warn' }, t(`contact.state.${contact.state}`)), externalBadge(store.orgNameOf(address))));
  });
}

