// The first page: the admin token, and the name that stands in the audit log.

import { h, icon } from '../shared/dom.js';
import { t } from '../shared/i18n.js';
import { button, field } from '../shared/ui.js';
import { Admin, readOffers } from './admin.js';
import { banner } from './draw.js';
import { preferences } from './preferences.js';
import { isActor, isToken } from './session.js';

const ACTOR_KEY = 'handclasp.admin.name';

/**
 * The form. `enter(session)` is called once the daemon took the token.
 * @param {(session: object) => void} enter
 * @param {string|undefined} reason why one is here again: the key of a text
 */
export function signIn(enter, reason) {
  const token = field(t('sign_in.token'), { hint: t('sign_in.token.hint'), type: 'password', name: 'token', autocomplete: 'current-password', spellcheck: false, autocapitalize: 'none' });
  const actor = field(t('sign_in.actor'), { hint: t('sign_in.actor.hint'), name: 'actor', autocomplete: 'username', spellcheck: false, autocapitalize: 'none', value: localStorage.getItem(ACTOR_KEY) ?? 'admin' });
  const submit = button(t('sign_in.do'), { type: 'submit', kind: 'primary' });
  const form = h('form', { class: 'stack', noValidate: true, on: { submit: onSubmit } }, token.element, actor.element, submit, h('p', { class: 'faint' }, t('sign_in.kept')));

  async function onSubmit(event) {
    event.preventDefault();
    const offered = { token: token.input.value.trim(), actor: actor.input.value.trim() };
    if (!isToken(offered.token)) return complainAt(token, t('sign_in.form'));
    if (!isActor(offered.actor)) return complainAt(actor, t('sign_in.actor.form'));
    submit.disabled = true;
    try {
      const session = await open(offered);
      localStorage.setItem(ACTOR_KEY, offered.actor);
      enter(session);
    } catch (problem) {
      submit.disabled = false;
      complainAt(token, problem.status === 401 ? t('sign_in.wrong') : problem.message);
    }
  }

  const element = h('div', { class: 'sign-in-box' },
    h('div', { class: 'brand' }, h('span', { class: 'brand-mark' }, icon('link')), 'Handclasp'),
    h('h1', {}, t('sign_in.title')), h('p', { class: 'soft' }, t('sign_in.lead')),
    reason && banner('warn', t(reason)), form, h('div', { class: 'sign-in-foot' }, preferences()));
  document.title = t('sign_in.title');
  queueMicrotask(() => token.input.focus());
  return element;
}

function complainAt(entry, text) {
  entry.fail(text);
  entry.input.focus();
}

/** A cookie session where the daemon offers one, so that no script holds the token; else the token itself. */
async function open({ token, actor }) {
  const offers = await readOffers();
  if (offers('/session', 'post')) {
    await new Admin({ actor }).signIn(token);
    return { actor };
  }
  await new Admin({ token, actor }).status({ quiet: true });
  return { token, actor };
}
