// Legal holds: whose texts, and which rooms', neither retention nor erasure takes; setting one and lifting it.

import { fill, h } from '../../shared/dom.js';
import { t } from '../../shared/i18n.js';
import { ask, button, empty, failed, field, loading, openDialog, toast } from '../../shared/ui.js';
import { agoTime, choices, heading } from '../draw.js';
import { complainAtField } from './users.js';

const nameOf = (hold) => hold.user ?? hold.room;

function setHold(app, done) {
  const kinds = ['users', 'rooms'];
  let kind = 'users';
  const name = field(t('holds.name.users'), { autocomplete: 'off', autocapitalize: 'none', spellcheck: false, required: true });
  const reason = field(t('holds.reason'), { multiline: true, rows: 3, maxLength: 300, required: true });
  const pick = (value) => { kind = value; name.element.querySelector('label').textContent = t(`holds.name.${value}`); };
  const options = kinds.map((value) => ({ value, label: t(`holds.kind.${value}`), hint: t(`holds.kind.${value}.hint`) }));
  return openDialog(t('holds.set'), (dialog) => {
    const submit = () => app.admin.hold(kind, name.input.value.trim().toLowerCase(), reason.input.value.trim()).then(() => {
      toast(t('holds.done'), { kind: 'good' });
      dialog.close('done');
      done();
    }, (problem) => complainAtField(problem, { reason, local: name, room: name, user: name }));
    const form = h('form', { id: 'hold', class: 'stack', noValidate: true, on: { submit: (event) => { event.preventDefault(); submit(); } } }, choices(t('holds.kind'), 'kind', options, kind, pick), name.element, reason.element);
    const send = button(t('holds.set'), { kind: 'primary', type: 'submit' });
    send.setAttribute('form', form.id);
    return { body: form, footer: [button(t('ui.cancel'), { onClick: () => dialog.close('') }), send] };
  });
}

function drawn(app, hold, again) {
  const kind = hold.user === undefined ? 'rooms' : 'users';
  const lift = async () => {
    if (!await ask(t('holds.lift'), t('holds.lift.ask', { name: nameOf(hold) }), { yes: t('holds.lift'), danger: true })) return;
    await app.admin.release(kind, nameOf(hold)).then(() => { toast(t('holds.lifted'), { kind: 'good' }); again(); }, (problem) => complainAtField(problem, {}));
  };
  return h('li', { class: 'panel' }, h('header', { class: 'row wrap' }, h('h2', { class: 'grow' }, t(`holds.on.${kind}`), ' ', h('span', { class: 'mono' }, nameOf(hold))), h('span', { class: 'faint' }, agoTime(hold.at))),
    h('p', { class: 'told' }, hold.reason), h('p', { class: 'faint' }, t('holds.by', { by: hold.by })),
    h('footer', {}, button(t('holds.lift'), { kind: 'small danger', icon: 'unlink', onClick: lift })));
}

/** The view. */
export function holds(app) {
  const place = h('div', {}, loading());
  const read = async (cursor, before = []) => {
    try {
      const page = await app.admin.holds(cursor);
      const items = [...before, ...page.items];
      fill(place, items.length ? h('ul', { class: 'stack' }, items.map((one) => drawn(app, one, () => read()))) : empty('shield', t('holds.empty'), t('holds.empty.detail')),
        page.next && h('div', { class: 'center' }, button(t('app.more'), { onClick: () => read(page.next, items) })));
    } catch (problem) {
      fill(place, failed(problem, () => read()));
    }
  };
  read();
  const set = button(t('holds.set'), { icon: 'add', kind: 'primary', onClick: () => setHold(app, () => read()) });
  return { title: t('holds.title'), element: h('div', { class: 'view' }, heading(t('holds.title'), t('holds.lead'), set), place) };
}
