// The admin API, one function a request. The token, or the cookie session that stands for it, goes with each.

import { newKey, Problem } from '../shared/api.js';
import { t } from '../shared/i18n.js';

const BASE = '/admin/v1';
const REQUEST_MS_MAX = 30_000;

/** The admin API as one signed-in admin uses it. */
export class Admin {
  /**
   * @param {{token?: string, actor: string}} session without a token, the cookie session counts
   * @param {() => void} onSignedOut called when the daemon does not take the session any more
   */
  constructor(session, onSignedOut = () => {}) {
    this.session = session;
    this.onSignedOut = onSignedOut;
  }

  async #ask(method, path, { body, query, quiet = false } = {}) {
    const headers = { 'Handclasp-Web': '1', 'X-Handclasp-Actor': this.session.actor };
    if (this.session.token) headers.Authorization = `Bearer ${this.session.token}`;
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    if (method !== 'GET') headers['Idempotency-Key'] = newKey();
    const search = new URLSearchParams(Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== null && value !== ''));
    const response = await fetch(`${BASE}${path}${search.size ? `?${search}` : ''}`, {
      method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: 'no-store',
      credentials: 'same-origin', redirect: 'error', signal: AbortSignal.timeout(REQUEST_MS_MAX),
    }).catch(() => {
      throw new Problem({ detail: t('ui.unreachable') }, 0);
    });
    if (response.ok) return response;
    const problem = new Problem(await response.json().catch(() => ({})), response.status, Number(response.headers.get('Retry-After')) || undefined);
    if (response.status === 401 && !quiet) this.onSignedOut();
    throw problem;
  }

  async #json(...request) {
    const response = await this.#ask(...request);
    return response.status === 204 ? undefined : response.json();
  }

  /** Trades the token for a cookie session. */
  signIn = (token) => this.#json('POST', '/session', { body: { token }, quiet: true });
  signOut = () => this.#ask('DELETE', '/session', { quiet: true });
  status = (options) => this.#json('GET', '/status', options);
  card = async () => (await this.#ask('GET', '/card')).text();
  ready = () => this.#json('GET', '/health/ready');
  metrics = async () => (await this.#ask('GET', '/metrics')).text();

  pin = (card, fingerprint) => this.#json('POST', '/peers', { body: { card, fingerprint } });
  unpin = (peer) => this.#json('DELETE', `/peers/${encodeURIComponent(peer)}`);
  lift = (peer) => this.#json('POST', `/peers/${encodeURIComponent(peer)}/lift`);
  acceptLoss = (peer) => this.#json('POST', `/peers/${encodeURIComponent(peer)}/accept-loss`);
  grants = (peer) => this.#json('GET', `/peers/${encodeURIComponent(peer)}/grant`);
  putGrant = (peer, grant) => this.#json('PUT', `/peers/${encodeURIComponent(peer)}/grant`, { body: grant });
  consequences = (peer) => this.#json('GET', `/peers/${encodeURIComponent(peer)}/grant/consequences`);
  confirmGrants = () => this.#json('POST', '/grants/confirm');

  /** All rooms with a partner, or with all of them. */
  rooms = async (peer) => {
    const rooms = [];
    for (let cursor; ;) {
      const page = await this.#json('GET', '/rooms', { query: { peer, cursor, limit: 200 } });
      rooms.push(...page.items);
      cursor = page.next;
      if (!cursor) return rooms;
    }
  };

  users = (cursor) => this.#json('GET', '/users', { query: { cursor, limit: 200 } });
  user = (local) => this.#json('GET', `/users/${encodeURIComponent(local)}`);
  createUser = (user) => this.#json('POST', '/users', { body: user });
  changeUser = (local, change) => this.#json('PATCH', `/users/${encodeURIComponent(local)}`, { body: change });
  issueToken = (local, token) => this.#json('POST', `/users/${encodeURIComponent(local)}/tokens`, { body: token });
  endSessions = (local) => this.#ask('DELETE', `/users/${encodeURIComponent(local)}/sessions`);

  policy = () => this.#json('GET', '/policy');
  putPolicy = (policy) => this.#json('PUT', '/policy', { body: policy });
  filePolicy = () => this.#json('GET', '/policy/files');
  putFilePolicy = (policy) => this.#json('PUT', '/policy/files', { body: policy });
  retention = () => this.#json('GET', '/retention');
  putRetention = (retention) => this.#json('PUT', '/retention', { body: retention });
  limits = () => this.#json('GET', '/limits');

  whyNot = (user, address, scope) => this.#json('GET', '/why-not', { query: { user, address, scope } });
  cases = (state, cursor) => this.#json('GET', '/cases', { query: { state, cursor } });
  closeCase = (n, note) => this.#json('POST', `/cases/${n}/close`, { body: { note } });

  caseInFull = (n) => this.#json('GET', `/cases/${n}`);

  holds = (cursor) => this.#json('GET', '/holds', { query: { cursor } });
  /** `kind`: users or rooms. */
  hold = (kind, name, reason) => this.#json('PUT', `/holds/${kind}/${encodeURIComponent(name)}`, { body: { reason } });
  release = (kind, name) => this.#json('DELETE', `/holds/${kind}/${encodeURIComponent(name)}`);
  erasure = (local) => this.#json('GET', `/users/${encodeURIComponent(local)}/erasure`, { quiet: true });
  erase = (local, wanted) => this.#json('POST', `/users/${encodeURIComponent(local)}/erasure`, { body: wanted });

  audit = (query) => this.#json('GET', '/audit', { query });
  verifyAudit = () => this.#json('POST', '/audit/verify');
  exportAudit = async (query) => (await this.#ask('GET', '/audit/export', { query })).blob();
}

/**
 * What this daemon offers, by its own document: `offers('/retention')`. Nothing when it does not answer.
 * @returns {Promise<(path: string, method?: string) => boolean>}
 */
export async function readOffers() {
  const document = await fetch(`${BASE}/openapi.json`, { credentials: 'same-origin' }).then((response) => response.json()).catch(() => undefined);
  return (path, method = 'get') => Boolean(document?.paths?.[BASE + path]?.[method]);
}
