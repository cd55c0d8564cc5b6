// Telling one's own admins of something. Nobody else learns of it.

import { h } from '../shared/dom.js';
import { t } from '../shared/i18n.js';
import { button, field, openDialog, toast } from '../shared/ui.js';

/** `about`: {room, index} of a message, {room}, or {person}; `name`: what it is called. */
export function report(store, about, name) {
  return openDialog(t('report.title'), (dialog) => {
    const reason = field(t('report.reason'), { multiline: true, rows: 4, maxLength: 300, required: true, dir: 'auto', hint: t('report.hint', { org: store.me.org }) });
    const submit = button(t('report.send'), { kind: 'primary danger', type: 'submit' });
    const form = h('form', { id: 'report', class: 'stack', noValidate: true }, h('p', { class: 'soft' }, t('report.about', { name })), reason.element);
    submit.setAttribute('form', form.id);
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      if (!reason.input.value.trim()) { reason.fail(t('report.reasonNeeded')); reason.input.focus(); return; }
      submit.disabled = true;
      try {
        await store.api.post('/reports', { ...about, reason: reason.input.value.trim() });
        dialog.close('done');
        toast(t('report.sent'), { kind: 'good' });
      } catch (error) { submit.disabled = false; reason.fail(error.message); }
    });
    return { body: form, footer: [button(t('ui.cancel'), { onClick: () => dialog.close('') }), submit] };
  });
}
