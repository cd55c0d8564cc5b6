// Erasing a person: what goes, what may stay, and that it cannot be taken back.

import { fill, h } from '../shared/dom.js';
import { number, t } from '../shared/i18n.js';
import { button, field, loading, openDialog, toast } from '../shared/ui.js';
import { banner, choices, exactTime, facts, panel } from './draw.js';
import { complainAtField } from './views/users.js';

function askErasure(app, user, done) {
  let texts = 'keep';
  const confirm = field(t('erasure.confirm', { local: user.local }), { autocomplete: 'off', autocapitalize: 'none', spellcheck: false, required: true });
  const options = ['keep', 'remove'].map((value) => ({ value, label: t(`erasure.texts.${value}`), hint: t(`erasure.texts.${value}.hint`) }));
  return openDialog(t('erasure.title', { name: user.name }), (dialog) => {
    const submit = () => app.admin.erase(user.local, { confirm: confirm.input.value.trim(), texts }).then(() => {
      toast(t('erasure.begun'), { kind: 'good' });
      dialog.close('done');
      done();
    }, (problem) => complainAtField(problem, { confirm }));
    const form = h('form', { id: 'erase', class: 'stack', noValidate: true, on: { submit: (event) => { event.preventDefault(); submit(); } } },
      banner('bad', t('erasure.final'), t('erasure.goes')), choices(t('erasure.texts'), 'texts', options, texts, (value) => { texts = value; }), confirm.element);
    const send = button(t('erasure.do'), { kind: 'primary danger', type: 'submit' });
    send.setAttribute('form', form.id);
    return { body: form, footer: [button(t('ui.cancel'), { onClick: () => dialog.close('') }), send] };
  });
}

/** The panel on a person's page: how far an erasure is, or the way to one. */
export function erasurePanel(app, user, done) {
  const place = h('div', {}, loading());
  app.admin.erasure(user.local).then((known) => fill(place, facts([t('erasure.asked'), [known.by, ' · ', exactTime(known.at)]], [t('erasure.texts'), t(`erasure.texts.${known.texts}`)], [t('erasure.state'), known.done ? t('erasure.done', { count: number(known.events) }) : t('erasure.runs', { count: number(known.events) })])),
    () => fill(place, h('p', { class: 'soft' }, t('erasure.lead')), h('div', {}, button(t('erasure.do'), { icon: 'trash', kind: 'danger', onClick: () => askErasure(app, user, done) }))));
  return panel(t('erasure.panel'), place);
}
