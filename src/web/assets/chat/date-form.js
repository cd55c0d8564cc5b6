// Making or changing a date: whole days or times of a zone, repetition, place, reminder.

import { h } from '../shared/dom.js';
import { t } from '../shared/i18n.js';
import { button, complain, field, openDialog, uid } from '../shared/ui.js';
import { RULES, instantOf, ownZone, readRule, writeRule } from './dates.js';

const REMINDERS = [0, 10, 30, 60, 1_440];

function choose(label, options, chosen) {
  const id = uid('choice');
  const input = h('select', { class: 'input', id }, options.map(([value, text]) => h('option', { value, selected: value === chosen }, text)));
  return { element: h('div', { class: 'field' }, h('label', { htmlFor: id }, label), input), input };
}

/** What the fields show at first: of the date that is changed, or the next full hour of a day. */
function beginning({ date, day }) {
  if (date?.days) return { isAllDay: true, first: date.days.first, last: date.days.last, from: '09:00', to: '10:00', zone: ownZone() };
  if (date) return { isAllDay: false, first: date.times.start.slice(0, 10), from: date.times.start.slice(11, 16), last: date.times.end.slice(0, 10), to: date.times.end.slice(11, 16), zone: date.times.zone };
  const hour = Math.min(22, new Date().getHours() + 1);
  return { isAllDay: false, first: day, last: day, from: `${String(hour).padStart(2, '0')}:00`, to: `${String(hour + 1).padStart(2, '0')}:00`, zone: ownZone() };
}

function makeFields(given) {
  const { date } = given;
  const begin = beginning(given);
  const rule = readRule(date?.repeats);
  const zones = new Set([begin.zone, ownZone(), 'UTC', ...(Intl.supportedValuesOf?.('timeZone') ?? [])]);
  const rules = [...Object.keys(RULES), ...(rule.name === 'other' ? ['other'] : [])];
  const known = date?.reminder_minutes;
  const reminders = [...new Set([...REMINDERS, ...(known === undefined ? [] : [known])])].sort((a, b) => a - b);
  return {
    title: field(t('calendar.title'), { value: date?.title ?? '', maxLength: 100, required: true, autocomplete: 'off', dir: 'auto' }),
    allDay: h('input', { type: 'checkbox', checked: begin.isAllDay }),
    first: field(t('calendar.begins'), { type: 'date', value: begin.first, required: true }),
    from: field(t('calendar.beginsAt'), { type: 'time', value: begin.from, required: true }),
    last: field(t('calendar.ends'), { type: 'date', value: begin.last, required: true }),
    to: field(t('calendar.endsAt'), { type: 'time', value: begin.to, required: true }),
    zone: choose(t('calendar.zone'), [...zones].map((zone) => [zone, zone.replaceAll('_', ' ')]), begin.zone),
    repeats: choose(t('calendar.repeats'), rules.map((name) => [name, name === 'other' ? date.repeats : t(`calendar.rule.${name}`)]), rule.name),
    until: field(t('calendar.until'), { type: 'date', value: rule.until }),
    place: field(t('calendar.placeOptional'), { value: date?.place ?? '', maxLength: 200, autocomplete: 'off', dir: 'auto' }),
    text: field(t('calendar.textOptional'), { multiline: true, rows: 3, value: date?.text ?? '', dir: 'auto' }),
    reminder: choose(t('calendar.reminder'), [['', t('calendar.noReminder')], ...reminders.map((n) => [String(n), t('calendar.minutesBefore', { n })])], known === undefined ? '' : String(known)),
  };
}

/** What the daemon is sent. */
function bodyOf(fields, date) {
  const value = (name) => fields[name].input.value.trim() || undefined;
  const body = { title: value('title'), text: value('text'), place: value('place') };
  if (fields.allDay.checked) body.days = { first: value('first'), last: value('last') };
  else body.times = { start: `${value('first')}T${value('from')}`, end: `${value('last')}T${value('to')}`, zone: value('zone') };
  const name = value('repeats');
  body.repeats = name === 'other' ? date.repeats : writeRule({ name, until: value('until') });
  if (value('reminder')) body.reminder_minutes = Number(value('reminder'));
  return body;
}

/** The field that a refusal is about. */
const FIELDS = { title: 'title', text: 'text', place: 'place', days: 'last', times: 'to', 'days.first': 'first', 'days.last': 'last', 'times.start': 'from', 'times.end': 'to', repeats: 'until' };

/** When the start moves, the end goes along. */
function keepLength({ first, from, last, to }) {
  const at = (day, time) => instantOf(`${day.input.value}T${time.input.value}`, 'UTC');
  let start = at(first, from);
  const move = () => {
    const now = at(first, from);
    if (!Number.isFinite(now)) return;
    const end = new Date(at(last, to) + now - start);
    if (Number.isFinite(start) && Number.isFinite(end.getTime())) [last.input.value, to.input.value] = [end.toISOString().slice(0, 10), end.toISOString().slice(11, 16)];
    start = now;
  };
  for (const { input } of [first, from]) input.addEventListener('change', move);
}

/** Opens the form. `given`: {date} that is changed, or {day} for a new one. `tab`: the calendar. */
export function writeDate(tab, given) {
  const { date } = given;
  return openDialog(t(date ? 'calendar.edit' : 'calendar.new'), (dialog) => {
    const fields = makeFields(given);
    keepLength(fields);
    const look = () => {
      const isAllDay = fields.allDay.checked;
      for (const name of ['from', 'to', 'zone']) fields[name].element.hidden = isAllDay;
      fields.until.element.hidden = ['none', 'other'].includes(fields.repeats.input.value);
    };
    for (const input of [fields.allDay, fields.repeats.input]) input.addEventListener('change', look);
    look();
    const submit = button(t(date ? 'ui.save' : 'calendar.post'), { kind: 'primary', type: 'submit' });
    const form = h('form', { id: 'write-date', class: 'stack', noValidate: true }, fields.title.element, h('label', { class: 'check' }, fields.allDay, t('calendar.allDay')),
      h('div', { class: 'pair' }, fields.first.element, fields.from.element), h('div', { class: 'pair' }, fields.last.element, fields.to.element), fields.zone.element,
      h('div', { class: 'pair' }, fields.repeats.element, fields.until.element), fields.place.element, fields.text.element, fields.reminder.element);
    submit.setAttribute('form', form.id);
    form.addEventListener('submit', (event) => { event.preventDefault(); send(tab, { date, fields, dialog, submit }); });
    return { body: form, footer: [button(t('ui.cancel'), { onClick: () => dialog.close('') }), submit] };
  });
}

async function send(tab, { date, fields, dialog, submit }) {
  if (!fields.title.input.value.trim()) { fields.title.fail(t('notes.titleNeeded')); fields.title.input.focus(); return; }
  submit.disabled = true;
  try {
    const body = bodyOf(fields, date);
    const { api } = tab.store;
    const posted = date ? await api.put(tab.path(date.index), body) : await api.post(tab.path(), body);
    dialog.close('done');
    const index = date?.index ?? posted?.index;
    if (index === undefined || index === null) tab.list(); else tab.open(index);
  } catch (error) {
    submit.disabled = false;
    const wrong = fields[FIELDS[error.field]];
    if (wrong?.fail) { wrong.fail(error.message); wrong.input.focus(); } else complain(error);
  }
}
