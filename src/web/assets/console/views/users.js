// The org's people: who they are, and who may talk to other organizations and why.

import { fill, h } from '../../shared/dom.js';
import { t } from '../../shared/i18n.js';
import { avatar, button, complain, empty, failed, field, loading, openDialog, toast } from '../../shared/ui.js';
import { exactTime, heading, mark } from '../draw.js';
import { explainPermission } from '../explain.js';

const FILTERS = {
  all: () => true,
  permitted: (user) => user.permitted,
  denied: (user) => user.active && !user.permitted,
  inactive: (user) => !user.active,
};
const SHOWN_MAX = 500;
/** Letters and digits that are not mistaken for one another. */
const PASSWORD_LETTERS = 'abcdefghijkmnpqrstuvwxyz23456789';

/** A password of 80 bits, in groups. */
export function makePassword() {
  const letters = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => PASSWORD_LETTERS[byte % 32]);
  return letters.join('').match(/.{4}/g).join('-');
}

/** A field for a new password, with one made up on request. */
export function passwordField(label, hint) {
  const entry = field(label, { hint, type: 'password', autocomplete: 'new-password' });
  const make = button(t('users.password.make'), { kind: 'small', icon: 'key', onClick: () => {
    entry.input.type = 'text';
    entry.input.value = makePassword();
    entry.input.select();
  } });
  entry.element.append(h('div', {}, make));
  return entry;
}

/** What the daemon found wrong, beside the field at fault. */
export function complainAtField(problem, fields) {
  const entry = fields[problem.field];
  if (!entry) return complain(problem);
  entry.fail(problem.message);
  return entry.input.focus();
}

function createUser(app, done) {
  const local = field(t('users.local'), { hint: t('users.local.hint'), autocomplete: 'off', autocapitalize: 'none', spellcheck: false });
  const name = field(t('users.display'), { autocomplete: 'off' });
  const password = passwordField(`${t('users.password')} (${t('app.optional')})`, t('users.password.hint'));
  return openDialog(t('users.create'), (dialog) => {
    const submit = button(t('users.create'), { kind: 'primary', type: 'submit' });
    const form = h('form', { class: 'stack', id: 'create-user', noValidate: true, on: { submit: async (event) => {
      event.preventDefault();
      submit.disabled = true;
      const wanted = { local: local.input.value.trim(), name: name.input.value.trim() || local.input.value.trim(), password: password.input.value || undefined };
      try {
        const user = await app.admin.createUser(wanted);
        toast(t('users.created', { name: user.name, local: user.local }), { kind: 'good' });
        dialog.close('done');
        done();
      } catch (problem) {
        complainAtField(problem.code === 'EXISTS' ? Object.assign(problem, { field: 'local' }) : problem, { local, name, password });
      }
      submit.disabled = false;
    } } }, local.element, name.element, password.element);
    submit.setAttribute('form', 'create-user');
    return { body: [form], footer: [button(t('ui.cancel'), { onClick: () => dialog.close('') }), submit] };
  });
}

function row(user, policy) {
  return h('tr', {},
    h('th', { scope: 'row' }, h('a', { class: 'person', href: `#/users/${user.local}` }, avatar(user.name, user.address, { size: 'small' }), h('span', { class: 'grow' }, h('span', { class: 'clip' }, user.name), h('span', { class: 'faint clip' }, user.address)))),
    h('td', { data: { label: t('users.outside') } }, mark(user.permitted ? 'good' : 'off', t(user.permitted ? 'permission.yes' : 'permission.no')), h('p', { class: 'faint' }, t(explainPermission(user, policy)))),
    h('td', { data: { label: t('users.account') } }, h('span', { class: ['badge', user.active ? '' : 'warn'] }, t(user.active ? 'users.active' : 'users.inactive')), !user.has_password && [' ', h('span', { class: 'badge' }, t('users.no_password'))]),
    h('td', { class: 'faint', data: { label: t('users.since') } }, exactTime(user.created_at)));
}

class List {
  constructor(app, query) {
    Object.assign(this, { app, users: [], next: undefined, filter: query.filter in FILTERS ? query.filter : 'all', wanted: query.q ?? '' });
    this.place = h('div', {}, loading());
    this.summary = h('p', { class: 'faint', role: 'status' });
    this.search = h('input', { class: 'input', type: 'search', placeholder: t('users.search'), value: this.wanted, aria: { label: t('users.search') }, on: { input: () => this.look(this.search.value) } });
    this.picker = h('select', { class: 'input', aria: { label: t('users.filter') }, on: { change: () => this.look(undefined, this.picker.value) } },
      Object.keys(FILTERS).map((value) => h('option', { value, selected: value === this.filter }, t(`users.filter.${value}`))));
  }

  async read() {
    try {
      const [page, policy] = await Promise.all([this.app.admin.users(), this.app.admin.policy()]);
      Object.assign(this, { users: page.items, next: page.next, policy });
      this.draw();
    } catch (problem) {
      fill(this.place, failed(problem, () => this.read()));
    }
  }

  /** What is looked for may stand on a later page: all of them are read before the answer is whole. */
  async look(text = this.wanted, filter = this.filter) {
    Object.assign(this, { wanted: text, filter });
    this.draw();
    if (this.isReading) return;
    this.isReading = true;
    while (this.next && (this.wanted || this.filter !== 'all')) await this.more();
    this.isReading = false;
  }

  async more() {
    try {
      const page = await this.app.admin.users(this.next);
      this.users.push(...page.items);
      this.next = page.next;
    } catch (problem) {
      this.next = undefined;
      complain(problem);
    }
    this.draw();
  }

  fitting() {
    const wanted = this.wanted.trim().toLowerCase();
    return this.users.filter((user) => FILTERS[this.filter](user) && (!wanted || user.name.toLowerCase().includes(wanted) || user.address.includes(wanted)));
  }

  draw() {
    if (!this.policy) return;
    const found = this.fitting();
    this.summary.textContent = this.next ? t('users.shown.part', { count: found.length, loaded: this.users.length }) : t('users.shown', { count: found.length });
    if (!this.users.length) {
      fill(this.place, empty('group', t('users.empty'), t('users.empty.detail')));
    } else if (!found.length) {
      fill(this.place, empty('search', t('users.no_match')));
    } else {
      fill(this.place, h('table', { class: 'table stacking' },
        h('thead', {}, h('tr', {}, ['users.name', 'users.outside', 'users.account', 'users.since'].map((key) => h('th', { scope: 'col' }, t(key))))),
        h('tbody', {}, found.slice(0, SHOWN_MAX).map((user) => row(user, this.policy)))),
      this.next && !this.wanted && h('div', { class: 'center' }, button(t('app.more'), { onClick: () => this.more() })));
    }
  }
}

/** The view. */
export function users(app, { query }) {
  const list = new List(app, query);
  list.read();
  const lead = t('users.lead', { org: app.live.status?.org ?? '' });
  const head = heading(t('users.title'), lead, button(t('users.create'), { icon: 'personAdd', kind: 'primary', onClick: () => createUser(app, () => list.read()) }));
  return { title: t('users.title'), element: h('div', { class: 'view' }, head, h('div', { class: 'panel' }, h('div', { class: 'filters' }, list.search, list.picker), list.summary, list.place)) };
}
