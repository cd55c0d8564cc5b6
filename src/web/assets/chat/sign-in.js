// The sign-in page.

import { fill, h, icon } from '../shared/dom.js';
import { LANGUAGES, currentLanguage, setLanguage, t } from '../shared/i18n.js';
import { button, field } from '../shared/ui.js';

/** Shows the page in `root`; calls `onSignedIn` when the cookie is set. */
export function showSignIn(root, api, { org, logo, isOver, onSignedIn }) {
  const user = field(t('ui.user'), { name: 'username', autocomplete: 'username', autocapitalize: 'none', spellcheck: false, required: true, hint: t('signIn.hint') });
  const password = field(t('ui.password'), { name: 'password', type: 'password', autocomplete: 'current-password', required: true });
  const submit = button(t('ui.signIn'), { kind: 'primary', type: 'submit' });
  const form = h('form', { class: 'stack', noValidate: true }, user.element, password.element, submit);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (!user.input.value.trim()) { user.input.focus(); return; }
    if (!password.input.value) { password.input.focus(); return; }
    submit.disabled = true;
    try {
      const body = { user: user.input.value.trim(), password: password.input.value, label: 'browser' };
      await api.send('POST', '/session/cookie', { body, quiet: true });
      onSignedIn();
    } catch (error) {
      const wait = error.retryAfterS ? ` ${t('ui.tryLater', { seconds: error.retryAfterS })}` : '';
      (error.field === 'user' ? user : password).fail(error.message + wait);
      password.input.select();
      submit.disabled = false;
    }
  });
  const languages = h('select', { class: 'input', aria: { label: t('ui.language') }, on: { change: (event) => setLanguage(event.target.value) } },
    Object.entries(LANGUAGES).map(([tag, name]) => h('option', { value: tag, selected: tag === currentLanguage(), lang: tag }, name)));
  fill(root, h('main', { class: 'sign-in' },
    h('div', { class: 'sign-in-card' },
      h('img', { src: logo, alt: '', width: 56, height: 56 }),
      h('h1', {}, t('signIn.title', { org })),
      h('p', { class: 'soft' }, t('signIn.lead')),
      isOver && h('div', { class: 'banner warn', role: 'status' }, icon('info'), h('p', {}, t('signIn.over'))),
      form,
      h('div', { class: 'sign-in-language' }, icon('globe'), languages))));
  user.input.focus();
}
