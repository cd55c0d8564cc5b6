// What people reported, open or closed, and closing it with a word on what was done.

import { fill, h } from '../../shared/dom.js';
import { dateTime, t } from '../../shared/i18n.js';
import { button, complain, empty, failed, field, loading, openDialog, toast } from '../../shared/ui.js';
import { agoTime, download, heading } from '../draw.js';

function closeCase(app, one, done) {
  const note = field(t('cases.note'), { multiline: true, rows: 3 });
  return openDialog(t('cases.close'), (dialog) => ({
    body: [h('p', {}, one.reason), note.element],
    footer: [button(t('ui.cancel'), { onClick: () => dialog.close('') }), button(t('cases.close'), { kind: 'primary', onClick: () =>
      app.admin.closeCase(one.n, note.input.value.trim()).then(() => {
        toast(t('cases.closed'), { kind: 'good' });
        dialog.close('done');
        done();
      }, (problem) => (problem.field === 'note' ? note.fail(problem.message) : complain(problem))) })],
  }));
}

/** The original of a reported message, and the partner's signature under it. */
function showProof(app, one) {
  return openDialog(t('cases.proof'), () => {
    const place = h('div', { class: 'stack' }, loading());
    app.admin.caseInFull(one.n).then(({ event, envelope }) => fill(place,
      event ? [h('p', { class: 'faint' }, t('cases.proof.by', { author: event.author ?? '', at: dateTime(event.made_at) })), h('blockquote', { class: 'told', dir: 'auto' }, event.text ?? event.title ?? event.kind)] : h('p', {}, t('cases.proof.none')),
      envelope && [h('p', { class: 'soft' }, t('cases.proof.signed')), h('div', {}, button(t('cases.proof.save'), { icon: 'download', kind: 'small', onClick: () => download(`report-${one.n}.json`, JSON.stringify({ event, envelope }, null, 2), 'application/json') }))]),
    (problem) => fill(place, failed(problem, () => {})));
    return place;
  });
}

function drawn(app, one, again) {
  const about = [one.person, one.room, one.index !== undefined && `#${one.index}`].filter(Boolean).join(' ');
  return h('li', { class: 'panel' }, h('header', { class: 'row wrap' }, h('h2', { class: 'grow' }, t(`cases.about.${one.kind}`), ' ', h('span', { class: 'mono faint' }, about)), h('span', { class: 'faint' }, agoTime(one.at))),
    h('p', { class: 'told' }, one.reason), h('p', { class: 'faint' }, t('cases.by', { by: one.by })),
    one.closed_at ? h('p', {}, one.note, ' ', h('span', { class: 'faint' }, t('cases.closed_by', { by: one.closed_by ?? '', at: dateTime(one.closed_at) })))
      : h('footer', { class: 'row' }, one.index !== undefined && app.offers('/cases/{n}') && button(t('cases.proof'), { kind: 'small', icon: 'note', onClick: () => showProof(app, one) }), button(t('cases.close'), { kind: 'small', icon: 'check', onClick: () => closeCase(app, one, again) })));
}

/** The view. */
export function cases(app) {
  const place = h('div', {}, loading());
  let state = 'open';
  const read = async (cursor, before = []) => {
    try {
      const page = await app.admin.cases(state, cursor);
      const items = [...before, ...page.items];
      const none = state === 'open' ? empty('check', t('cases.empty'), t('cases.empty.detail')) : empty('check', t('cases.none_closed'));
      fill(place, items.length ? h('ul', { class: 'stack' }, items.map((one) => drawn(app, one, () => read()))) : none,
        page.next && h('div', { class: 'center' }, button(t('app.more'), { onClick: () => read(page.next, items) })));
    } catch (problem) {
      fill(place, failed(problem, () => read()));
    }
  };
  const picker = h('select', { class: 'input narrow', aria: { label: t('users.filter') }, on: { change: () => { state = picker.value; read(); } } }, ['open', 'closed'].map((value) => h('option', { value }, t(`cases.state.${value}`))));
  read();
  return { title: t('cases.title'), element: h('div', { class: 'view' }, heading(t('cases.title'), t('cases.lead'), picker), place) };
}
