// The audit log: searched newest first, page by page; its chain checked; exported.

import { fill, h } from '../../shared/dom.js';
import { t } from '../../shared/i18n.js';
import { button, complain, copy, empty, failed, field, iconButton, loading, uid } from '../../shared/ui.js';
import { banner, download, exactTime, facts, heading } from '../draw.js';
import { actionText, entryTone } from '../entries.js';
import { precise } from '../format.js';

const GROUPS = ['grant', 'peer', 'link', 'card', 'user', 'policy', 'session', 'token', 'member', 'room', 'record', 'request'];
const DAY_MS = 86_400_000;

const dayStart = (text) => (text ? new Date(`${text}T00:00`).getTime() : undefined);

function row(entry) {
  const details = h('tr', { class: 'details', id: uid('entry'), hidden: true }, h('td', { colSpan: 5 }, facts(
    [t('audit.details'), entry.detail || t('app.none')],
    [t('audit.action'), h('span', { class: 'mono' }, entry.action)],
    [t('audit.hash'), h('span', { class: 'mono' }, entry.hash)],
    [t('audit.prev'), h('span', { class: 'mono' }, entry.prev)])));
  const opener = iconButton('chevron', `${t('audit.details')} ${entry.seq}`, () => {
    details.hidden = !details.hidden;
    opener.setAttribute('aria-expanded', String(!details.hidden));
  }, { class: 'small', aria: { expanded: false, controls: details.id, label: `${t('audit.details')} ${entry.seq}` } });
  return [h('tr', { class: 'entry' },
    h('td', { class: 'faint number' }, String(entry.seq)),
    h('td', { class: 'nowrap' }, exactTime(entry.at, precise(entry.at))),
    h('td', {}, h('span', { class: ['dot-mark', entryTone(entry)] }), ' ', h('b', {}, entry.actor), ' ', actionText(entry.action), ' ', h('span', { class: 'mono' }, entry.subject), entry.detail && h('p', { class: 'faint' }, entry.detail)),
    h('td', {}, entry.code && h('span', { class: 'badge warn' }, entry.code)),
    h('td', {}, opener)), details];
}

class Log {
  constructor(app, query) {
    Object.assign(this, { app, items: [] });
    this.actor = field(t('audit.actor'), { value: query.actor ?? '', placeholder: t('audit.actor.hint'), autocapitalize: 'none', spellcheck: false });
    this.subject = field(t('audit.subject'), { value: query.subject ?? '', placeholder: t('audit.subject.hint'), autocapitalize: 'none', spellcheck: false });
    this.since = field(t('audit.since'), { type: 'date', value: query.since ?? '' });
    this.until = field(t('audit.until'), { type: 'date', value: query.until ?? '' });
    const id = uid('action');
    this.action = h('select', { class: 'input', id }, h('option', { value: '' }, t('audit.action.all')), GROUPS.map((value) => h('option', { value, selected: value === query.action }, t(`audit.group.${value}`))));
    this.form = h('form', { class: 'asked audit', noValidate: true, on: { submit: (event) => { event.preventDefault(); this.search(); } } },
      this.actor.element, h('div', { class: 'field' }, h('label', { htmlFor: id }, t('audit.action')), this.action), this.subject.element, this.since.element, this.until.element,
      h('div', { class: 'row' }, button(t('audit.search'), { type: 'submit', kind: 'primary', icon: 'search' }), button(t('audit.clear'), { kind: 'plain', onClick: () => this.clear() })));
    this.action.addEventListener('change', () => this.search());
    this.verdict = h('div', { role: 'status' });
    this.place = h('div', {}, loading());
  }

  asked() {
    return { actor: this.actor.input.value.trim(), action: this.action.value, subject: this.subject.input.value.trim(), since: this.since.input.value, until: this.until.input.value };
  }

  query() {
    const { since, until, ...rest } = this.asked();
    return { ...rest, since: dayStart(since), until: until && dayStart(until) + DAY_MS };
  }

  search() {
    const asked = Object.entries(this.asked()).filter(([, value]) => value);
    history.replaceState(null, '', asked.length ? `#/audit?${new URLSearchParams(asked)}` : '#/audit');
    this.items = [];
    return this.read();
  }

  clear() {
    for (const one of [this.actor, this.subject, this.since, this.until]) one.input.value = '';
    this.action.value = '';
    this.search();
  }

  async read(cursor) {
    const asked = JSON.stringify(this.query());
    try {
      const page = await this.app.admin.audit({ ...this.query(), cursor });
      // Another search may have begun meanwhile.
      if (asked !== JSON.stringify(this.query())) return;
      this.items.push(...page.items);
      this.draw(page.next);
    } catch (problem) {
      fill(this.place, failed(problem, () => this.read(cursor)));
    }
  }

  draw(next) {
    const more = next && h('div', { class: 'center' }, button(t('app.more'), { onClick: () => this.read(next) }));
    if (!this.items.length) {
      fill(this.place, next ? h('p', { class: 'soft center' }, t('audit.searched_on')) : empty('search', t('audit.empty'), t('audit.empty.detail')), more);
      return;
    }
    fill(this.place, h('table', { class: 'table log' },
      h('thead', {}, h('tr', {}, h('th', { scope: 'col', class: 'number' }, t('audit.seq')), h('th', { scope: 'col' }, t('audit.at')), h('th', { scope: 'col' }, t('audit.action')), h('th', { scope: 'col' }, t('audit.outcome')), h('th', { scope: 'col' }, h('span', { class: 'unseen' }, t('audit.details'))))),
      h('tbody', {}, this.items.map(row))), more ?? h('p', { class: 'faint center' }, t('audit.end')));
  }

  async verify() {
    fill(this.verdict, h('p', { class: 'soft' }, t('audit.verifying')));
    try {
      const found = await this.app.admin.verifyAudit();
      const title = found.ok ? t('audit.verified', { count: found.entries }) : found.broken_at ? t('audit.broken', { at: found.broken_at }) : t('audit.cut');
      const head = h('div', {}, t('audit.head'), h('div', { class: 'row' }, h('span', { class: 'mono grow' }, found.head), iconButton('copy', t('ui.copy'), () => copy(found.head), { class: 'small' })));
      fill(this.verdict, banner(found.ok ? 'good' : 'bad', title, found.ok && head));
    } catch (problem) {
      fill(this.verdict);
      complain(problem);
    }
  }

  async export() {
    const org = this.app.live.status?.org ?? 'handclasp';
    await this.app.admin.exportAudit(this.query()).then((blob) => download(`audit-${org}-${new Date().toISOString().slice(0, 10)}.jsonl`, blob), complain);
  }
}

/** The view. */
export function audit(app, { query }) {
  const log = new Log(app, query);
  log.read();
  const head = heading(t('audit.title'), t('audit.lead'), button(t('audit.verify'), { icon: 'shield', onClick: () => log.verify() }), button(t('audit.export'), { icon: 'download', title: t('audit.export.hint'), onClick: () => log.export() }));
  return { title: t('audit.title'), element: h('div', { class: 'view' }, head, log.verdict, h('div', { class: 'panel' }, log.form), h('div', { class: 'panel' }, log.place)) };
}
