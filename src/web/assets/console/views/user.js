// One of the org's people: profile, permission, password, tokens, sessions, account.

import { fill, h } from '../../shared/dom.js';
import { dateTime, t } from '../../shared/i18n.js';
import { ask, avatar, button, complain, copy, empty, failed, field, iconButton, loading, toast, toggle } from '../../shared/ui.js';
import { erasurePanel } from '../erasure.js';
import { banner, exactTime, facts, linkButton, mark, panel, switchRow } from '../draw.js';
import { explainPermission } from '../explain.js';
import { complainAtField, passwordField } from './users.js';

const DAYS = [1, 7, 30];
const DAY_MS = 86_400_000;

class Person {
  constructor(app, local) {
    Object.assign(this, { app, local, element: h('div', { class: 'view' }, loading()) });
  }

  async read() {
    try {
      const [user, policy] = await Promise.all([this.app.admin.user(this.local), this.app.admin.policy()]);
      this.draw(user, policy);
    } catch (problem) {
      const back = linkButton(t('users.title'), '#/users', 'group');
      fill(this.element, problem.status === 404 ? empty('person', t('user.gone', { local: this.local }), t('user.gone.detail'), back) : failed(problem, () => this.read()));
    }
  }

  /** Changes the user and shows what holds then; a refusal is thrown to whoever asked. */
  async change(change, said) {
    const user = await this.app.admin.changeUser(this.local, change);
    if (said) toast(t(said, { name: user.name }), { kind: 'good' });
    await this.read();
  }

  draw(user, policy) {
    const focus = document.activeElement?.getAttribute('aria-label');
    fill(this.element,
      h('header', { class: 'view-head' }, avatar(user.name, user.address, { size: 'large' }), h('div', { class: 'grow' }, h('h1', { tabIndex: -1 }, user.name), h('p', { class: 'soft' }, user.address)),
        !user.active && mark('warn', t('users.inactive'))),
      h('div', { class: 'two' }, this.#permission(user, policy), this.#profile(user)),
      h('div', { class: 'two' }, this.#password(), this.#tokens(user)),
      h('div', { class: 'two' }, this.#sessions(user), this.#account(user)),
      this.app.offers('/users/{local}/erasure') && erasurePanel(this.app, user, () => this.read()));
    if (focus) [...this.element.querySelectorAll('[aria-label]')].find((one) => one.getAttribute('aria-label') === focus)?.focus();
  }

  #permission(user, policy) {
    const external = async (isOn) => {
      if (!isOn && !await ask(t('user.external'), t('user.external.ask', { name: user.name }), { yes: t('ui.save'), danger: true })) return this.read();
      return this.change({ external: isOn }, 'app.saved');
    };
    return panel(t('users.outside'),
      h('p', {}, mark(user.permitted ? 'good' : 'off', t(user.permitted ? 'permission.yes' : 'permission.no')), ' ', t(explainPermission(user, policy))),
      switchRow(toggle(t('user.external'), user.external, external), t('user.external.hint')),
      switchRow(toggle(t('user.chosen'), user.chosen, (chosen) => this.change({ chosen }, 'app.saved')), policy.audience === 'all' ? t('user.chosen.idle') : t('user.chosen.hint')),
      h('p', {}, h('a', { href: `#/why?user=${user.local}` }, t('user.why')), ' · ', h('a', { href: `#/audit?subject=${user.local}` }, t('user.acts'))));
  }

  #profile(user) {
    const name = field(t('users.display'), { value: user.name, autocomplete: 'off' });
    const submit = async (event) => {
      event.preventDefault();
      await this.change({ name: name.input.value.trim() }, 'app.saved').catch((problem) => complainAtField(problem, { name }));
    };
    return panel(t('user.profile'), h('form', { class: 'stack', noValidate: true, on: { submit } }, name.element, h('div', {}, button(t('ui.save'), { type: 'submit' }))),
      facts([t('users.local'), h('span', { class: 'mono' }, user.local)], [t('users.since'), exactTime(user.created_at)]));
  }

  #password() {
    const password = passwordField(t('user.password.new'), t('user.password.hint'));
    const submit = async (event) => {
      event.preventDefault();
      const change = this.app.admin.changeUser(this.local, { password: password.input.value });
      await change.then(() => {
        toast(t('user.password.done'), { kind: 'good' });
        password.input.type = 'password';
        password.input.value = '';
      }, (problem) => complainAtField(problem, { password }));
    };
    return panel(t('user.password'), h('form', { class: 'stack', noValidate: true, on: { submit } }, password.element, h('div', {}, button(t('user.password'), { type: 'submit' }))));
  }

  #tokens(user) {
    const label = field(t('user.token.label'), { autocomplete: 'off' });
    const days = h('select', { class: 'input', aria: { label: t('user.token.days') } }, DAYS.map((count) => h('option', { value: count, selected: count === 30 }, t('grant.ends.days', { count }))));
    const place = h('div', { role: 'status' });
    const submit = async (event) => {
      event.preventDefault();
      try {
        const answer = await this.app.admin.issueToken(user.local, { label: label.input.value.trim(), ends_in_ms: Number(days.value) * DAY_MS });
        const secret = h('input', { class: 'input mono', readOnly: true, value: answer.token, aria: { label: t('user.tokens') } });
        fill(place, banner('good', t('user.token.issued', { date: dateTime(answer.ends_at) }), null), h('div', { class: 'row' }, secret, iconButton('copy', t('ui.copy'), () => copy(answer.token))));
        secret.select();
        label.input.value = '';
      } catch (problem) {
        complainAtField(problem, { label });
      }
    };
    return panel(t('user.tokens'), h('p', { class: 'soft' }, t('user.tokens.hint')),
      h('form', { class: 'stack', noValidate: true, on: { submit } }, label.element, h('div', { class: 'row' }, days, button(t('user.token.issue'), { type: 'submit', icon: 'key' }))), place);
  }

  #sessions(user) {
    const end = async () => {
      if (!await ask(t('user.sessions.end'), t('user.sessions.ask', { name: user.name }), { yes: t('user.sessions.end'), danger: true })) return;
      await this.app.admin.endSessions(user.local).then(() => toast(t('user.sessions.ended', { name: user.name }), { kind: 'good' }), complain);
    };
    return panel(t('user.sessions'), h('p', { class: 'soft' }, t('user.sessions.hint')), h('div', {}, button(t('user.sessions.end'), { icon: 'signOut', kind: 'danger', onClick: end })));
  }

  #account(user) {
    const turn = user.active ? 'deactivate' : 'activate';
    const act = async () => {
      if (user.active && !await ask(t('user.deactivate'), t('user.deactivate.ask', { name: user.name }), { yes: t('user.deactivate'), danger: true })) return;
      await this.change({ active: !user.active }, `user.${turn}d`).catch(complain);
    };
    return panel(t('user.account'), h('p', { class: 'soft' }, t(`user.${turn}.hint`)), h('div', {}, button(t(`user.${turn}`), { kind: user.active ? 'danger' : 'primary', icon: user.active ? 'block' : 'check', onClick: act })));
  }
}

/** The view. */
export function user(app, { name }) {
  const person = new Person(app, name);
  person.read();
  return { title: name, element: person.element };
}
