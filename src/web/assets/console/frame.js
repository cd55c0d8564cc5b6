// What stands around every view: sections, the daemon's state, notices of the console itself; and which view is shown.

import { fill, h, icon } from '../shared/dom.js';
import { ago, t } from '../shared/i18n.js';
import { button, empty, iconButton, loading } from '../shared/ui.js';
import { banner, holdFocus, linkButton } from './draw.js';
import { byNeed, explainLink } from './explain.js';
import { preferences } from './preferences.js';
import { audit } from './views/audit.js';
import { cases } from './views/cases.js';
import { health } from './views/health.js';
import { holds } from './views/holds.js';
import { limits } from './views/limits.js';
import { overview } from './views/overview.js';
import { pair } from './views/pair.js';
import { partner } from './views/partner.js';
import { policy } from './views/policy.js';
import { rooms } from './views/rooms.js';
import { user } from './views/user.js';
import { users } from './views/users.js';
import { whyNot } from './views/why-not.js';

const VIEWS = [
  [/^\/$/, overview], [/^\/pair$/, pair], [/^\/partners\/([^/]+)$/, partner], [/^\/users$/, users], [/^\/users\/([^/]+)$/, user],
  [/^\/policy$/, policy], [/^\/rooms$/, rooms], [/^\/reports$/, cases], [/^\/holds$/, holds], [/^\/why$/, whyNot], [/^\/audit$/, audit],
  [/^\/health$/, health], [/^\/limits$/, limits],
];
const SECTIONS = [
  ['nav.partners', [['/', 'home', 'nav.overview'], ['/pair', 'add', 'nav.pair']]],
  ['nav.people', [['/users', 'group', 'nav.users'], ['/policy', 'settings', 'nav.policy'], ['/rooms', 'chat', 'nav.rooms'], ['/reports', 'alert', 'nav.cases', '/cases'], ['/holds', 'lock', 'nav.holds', '/holds'], ['/why', 'info', 'nav.why']]],
  ['nav.insight', [['/audit', 'note', 'nav.audit'], ['/health', 'chart', 'nav.health'], ['/limits', 'shield', 'nav.limits']]],
];
const TICK_MS = 10_000;

/** The present address: a path, and what is asked for behind `?`. */
export function address() {
  const [path, search] = location.hash.slice(1).split('?');
  return { path: path || '/', query: Object.fromEntries(new URLSearchParams(search)) };
}

export class Frame {
  constructor(app, leave) {
    this.app = app;
    this.leave = leave;
    this.notices = h('div', { class: 'notices', role: 'status' });
    this.main = h('main', { id: 'content', tabIndex: -1 }, loading());
    this.spoken = h('div', { class: 'unseen', role: 'status', aria: { live: 'polite' } });
    this.skip = h('a', { class: 'skip', href: '#content', on: { click: (event) => { event.preventDefault(); this.main.focus(); } } }, t('app.skip'));
    this.pulse = h('span', { class: 'pulse' });
    this.org = h('strong', { class: 'clip' }, '');
    this.sections = h('div', { class: 'sections' });
    this.nav = h('nav', { class: 'side', id: 'sections', aria: { label: t('app.menu') } }, this.#brand(), this.sections, this.#foot());
    this.opener = iconButton('menu', t('app.menu'), () => this.#openNav(true), { aria: { expanded: false, controls: 'sections', label: t('app.menu') } });
    this.veil = h('div', { class: 'veil', hidden: true, on: { click: () => this.#openNav(false) } });
    this.element = h('div', { class: 'frame' },
      h('header', { class: 'top' }, this.opener, h('span', { class: 'brand-mark' }, icon('link')), h('span', { class: 'top-title clip' }, t('app.console'))),
      this.nav, this.veil, h('div', { class: 'stage' }, this.notices, this.main));
    this.onHash = () => this.show();
    this.onLive = () => this.#refresh();
    this.onKey = (event) => { if (event.key === 'Escape') this.#openNav(false); };
    addEventListener('hashchange', this.onHash);
    addEventListener('keydown', this.onKey);
    app.live.addEventListener('change', this.onLive);
    this.ticker = setInterval(() => this.#tick(), TICK_MS);
  }

  close() {
    removeEventListener('hashchange', this.onHash);
    removeEventListener('keydown', this.onKey);
    clearInterval(this.ticker);
    this.view?.close?.();
    this.app.live.stop();
  }

  /** Shows the view that the address names. */
  show() {
    this.#openNav(false);
    const { path, query } = address();
    const isAgain = this.shown !== undefined;
    this.view?.close?.();
    this.shown = path;
    this.view = this.#make(path, query);
    fill(this.main, this.view.element);
    document.title = `${this.view.title} · ${this.app.live.status?.org ?? 'Handclasp'}`;
    this.#drawSections();
    scrollTo(0, 0);
    if (isAgain) (this.main.querySelector('h1') ?? this.main).focus({ preventScroll: true });
  }

  #make(path, query) {
    for (const [pattern, make] of VIEWS) {
      const found = pattern.exec(path);
      if (found) return make(this.app, { query, name: found[1] && decodeURIComponent(found[1]) });
    }
    return { title: t('app.not_found'), element: empty('search', t('app.not_found'), null, linkButton(t('app.back_to_overview'), '#/', 'home')) };
  }

  #brand() {
    return h('div', { class: 'side-head' }, h('span', { class: 'brand-mark' }, icon('link')),
      h('div', { class: 'grow' }, this.org, h('div', { class: 'faint row' }, this.pulse, this.state = h('span', {}, ''))),
      iconButton('close', t('app.close_menu'), () => this.#openNav(false), { class: 'nav-close' }));
  }

  #foot() {
    this.version = h('p', { class: 'faint' });
    return h('div', { class: 'side-foot' }, preferences(),
      button(t('ui.signOut'), { icon: 'signOut', kind: 'plain', onClick: this.leave }), h('p', { class: 'faint clip' }, this.app.session.actor), this.version);
  }

  #drawSections() {
    const back = holdFocus(this.sections);
    const own = SECTIONS.map(([title, links]) => [title, links.filter(([, , , needs]) => !needs || this.app.offers(needs))]);
    fill(this.sections, own.map(([title, links]) => h('div', {}, h('h2', {}, t(title)),
      h('ul', {}, links.map(([path, drawing, text]) => this.#navLink(path, icon(drawing), t(text))), title === 'nav.partners' && this.#partners()))));
    back();
  }

  #navLink(path, ...children) {
    return h('li', {}, h('a', { href: `#${path}`, data: { focus: path }, aria: { current: this.shown === path ? 'page' : null } }, children));
  }

  #partners() {
    const { status } = this.app.live;
    return byNeed(status?.peers ?? [], status?.unconfirmed).map((peer) => {
      const told = explainLink(peer, status.unconfirmed);
      return this.#navLink(`/partners/${peer.peer}`, h('span', { class: ['dot-mark', told.tone] }), h('span', { class: 'clip grow' }, peer.org_name), h('span', { class: 'unseen' }, t(told.state)));
    });
  }

  #refresh() {
    const { live } = this.app;
    const isReached = !live.problem;
    this.element.classList.toggle('is-stale', !isReached);
    this.pulse.className = `pulse ${isReached ? 'good' : 'bad'}`;
    this.state.textContent = isReached ? t('app.live') : t('health.ready.unknown');
    if (live.status) {
      this.org.textContent = live.status.org;
      this.version.textContent = t('app.version', { version: live.status.version });
    }
    this.#drawNotices();
    const seen = JSON.stringify([live.status, this.shown]);
    if (seen !== this.seen) this.#drawSections();
    this.seen = seen;
    this.view?.update?.();
    this.#tick();
  }

  /** The console's own notices: read out when they appear, not at each look. */
  #drawNotices() {
    const { live } = this.app;
    const notice = live.problem ? 'unreached' : live.isReady === false ? 'not_ready' : undefined;
    if (notice === this.notice) return;
    this.notice = notice;
    if (!notice) return fill(this.notices);
    const since = live.reachedAt ? ago(live.reachedAt) : t('time.never');
    fill(this.notices, banner(notice === 'unreached' ? 'bad' : 'warn', t(`app.${notice}`), t(`app.${notice}.detail`, { ago: since }),
      button(t('ui.retry'), { kind: 'small', icon: 'refresh', onClick: () => live.look() })));
  }

  /** Times that say how long ago go on while nothing else changes. */
  #tick() {
    for (const time of this.element.querySelectorAll('time[data-ago]')) time.textContent = ago(Number(time.dataset.ago));
  }

  #openNav(isOpen) {
    const wasOpen = this.element.classList.contains('nav-open');
    this.element.classList.toggle('nav-open', isOpen);
    this.veil.hidden = !isOpen;
    this.opener.setAttribute('aria-expanded', String(isOpen));
    if (isOpen) this.nav.querySelector('.nav-close').focus();
    else if (wasOpen) this.opener.focus();
  }
}
