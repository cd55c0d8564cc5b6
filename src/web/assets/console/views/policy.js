// What holds for everybody: who may talk outside, and whatever else this daemon lets an admin set.

import { fill, h } from '../../shared/dom.js';
import { t } from '../../shared/i18n.js';
import { ask, button, complain, failed, field, loading, toast, toggle } from '../../shared/ui.js';
import { choices, heading, panel, switchRow } from '../draw.js';
import { complainAtField } from './users.js';

const HOUR_MS = 3_600_000;
const MIB = 1024 * 1024;
const TOOLS = ['note', 'calendar', 'folder'];
const KINDS = ['internal_days', 'direct_days', 'group_days'];

const form = (submit, ...children) => h('form', { class: 'stack', noValidate: true, on: { submit: (event) => { event.preventDefault(); submit(); } } }, children, h('div', {}, button(t('ui.save'), { type: 'submit' })));
const done = () => toast(t('app.saved'), { kind: 'good' });

class Policy {
  constructor(app) {
    Object.assign(this, { app, place: h('div', { class: 'stack-wide' }, loading()) });
  }

  async read() {
    const { admin, offers } = this.app;
    try {
      const [policy, files, retention] = await Promise.all([admin.policy(), offers('/policy/files') && admin.filePolicy(), offers('/retention') && admin.retention()]);
      this.policy = policy;
      fill(this.place, h('div', { class: 'two' }, this.#audience(), this.#messages(), this.#signals(), this.#tools(), files && this.#files(files), retention && this.#retention(retention)));
    } catch (problem) {
      fill(this.place, failed(problem, () => this.read()));
    }
  }

  /** Sends the whole policy with a change: what this console does not know stays as it is. */
  async put(change) {
    this.policy = await this.app.admin.putPolicy({ ...this.policy, ...change });
    done();
  }

  #audience() {
    const options = ['all', 'chosen'].map((value) => ({ value, label: t(`policy.audience.${value}`), hint: t(`policy.audience.${value}.hint`) }));
    const pick = async (audience) => {
      try {
        if (audience !== 'chosen' || await this.#isShrinkingWanted()) await this.put({ audience });
      } catch (problem) {
        complain(problem);
      }
      this.read();
    };
    return panel(t('policy.audience'), choices(h('span', { class: 'unseen' }, t('policy.audience')), 'audience', options, this.policy.audience, pick),
      switchRow(toggle(t('policy.newcomers'), this.policy.newcomers, (newcomers) => this.put({ newcomers })), t('policy.newcomers.hint')));
  }

  /** Who is not chosen loses the permission at once: the admin hears how many before. */
  async #isShrinkingWanted() {
    let count = 0;
    for (let cursor, isFirst = true; isFirst || cursor; isFirst = false) {
      const page = await this.app.admin.users(cursor);
      count += page.items.filter((user) => user.permitted && !user.chosen).length;
      cursor = page.next;
    }
    return count === 0 || ask(t('policy.shrinks.title'), t('policy.shrinks', { count }), { yes: t('policy.shrinks.do'), danger: true });
  }

  #messages() {
    if (this.policy.edit_window_ms === undefined) return undefined;
    const hours = field(t('policy.edit_window'), { type: 'number', min: 0, step: 'any', value: this.policy.edit_window_ms / HOUR_MS });
    return panel(t('policy.messages'), form(() => this.put({ edit_window_ms: Math.round(Number(hours.input.value) * HOUR_MS) }).catch((problem) => complainAtField(problem, { edit_window_ms: hours })), hours.element));
  }

  #signals() {
    const switches = ['receipts', 'typing', 'presence'].filter((name) => this.policy[name] !== undefined);
    return switches.length > 0 && panel(t('policy.signals'), switches.map((name) =>
      switchRow(toggle(t(`policy.${name}`), this.policy[name], (isOn) => this.put({ [name]: isOn })), t(`policy.${name}.hint`))));
  }

  #tools() {
    if (!Array.isArray(this.policy.tools)) return undefined;
    const turn = (tool) => (isOn) => this.put({ tools: TOOLS.filter((one) => (one === tool ? isOn : this.policy.tools.includes(one))) });
    return panel(t('policy.tools'), TOOLS.map((tool) => switchRow(toggle(t(`policy.tool.${tool}`), this.policy.tools.includes(tool), turn(tool)))));
  }

  #files(files) {
    let held = files;
    const put = async (change) => {
      held = await this.app.admin.putFilePolicy({ ...held, ...change });
      done();
    };
    const largest = field(t('policy.files.max'), { type: 'number', min: 1, step: 1, value: Math.round(files.bytes_max / MIB) });
    const kinds = (label, hint, list) => field(label, { hint, multiline: true, rows: 2, spellcheck: false, value: list.join('\n') });
    const allowed = kinds(t('policy.files.allowed'), t('policy.files.allowed.hint'), files.allowed);
    const forbidden = kinds(t('policy.files.forbidden'), undefined, files.forbidden);
    const lines = (entry) => entry.input.value.split(/[\s,]+/).filter(Boolean);
    const submit = () => put({ bytes_max: Math.round(Number(largest.input.value) * MIB), allowed: lines(allowed), forbidden: lines(forbidden) })
      .catch((problem) => complainAtField(Object.assign(problem, { field: problem.field?.replace(/\[.*/, '') }), { bytes_max: largest, allowed, forbidden }));
    return panel(t('policy.files'), switchRow(toggle(t('policy.files.sending'), files.sending, (sending) => put({ sending }))), form(submit, largest.element, allowed.element, forbidden.element));
  }

  #retention(retention) {
    const fields = Object.fromEntries(KINDS.map((kind) => [kind, field(t(`policy.retention.${kind}`), { type: 'number', min: 1, step: 1, value: retention[kind] ?? '' })]));
    const submit = async () => {
      const wanted = Object.fromEntries(KINDS.map((kind) => [kind, fields[kind].input.value ? Number(fields[kind].input.value) : undefined]));
      if (!await ask(t('policy.retention.title'), t('policy.retention.ask'), { yes: t('policy.retention.do'), danger: true })) return;
      await this.app.admin.putRetention(wanted).then(done, (problem) => complainAtField(problem, fields));
    };
    return panel(t('policy.retention'), h('p', { class: 'soft' }, t('policy.retention.hint')), form(submit, KINDS.map((kind) => fields[kind].element)));
  }
}

/** The view. */
export function policy(app) {
  const held = new Policy(app);
  held.read();
  return { title: t('policy.title'), element: h('div', { class: 'view' }, heading(t('policy.title'), t('policy.lead', { org: app.live.status?.org ?? '' })), held.place) };
}
