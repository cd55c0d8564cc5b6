// Requests to the daemon: cookie session, the header that other sites cannot send, problems as errors, retries that
// are safe because each write bears an idempotency key.

import { t } from './i18n.js';

/** What the daemon answered instead of doing it (RFC 9457), or that it did not answer (`status` 0). */
export class Problem extends Error {
  constructor(body, status, retryAfterS) {
    super(body.detail || body.title || t('ui.error'));
    this.status = status;
    this.code = body.code ?? 'UNREACHABLE';
    this.field = body.field;
    this.body = body;
    this.retryAfterS = retryAfterS;
  }

  /** Whether asking again may help: the daemon was not there, or was overloaded. */
  get isPassing() {
    return this.status === 0 || this.status === 503 || this.status === 502 || this.status === 504;
  }
}

/** A fresh idempotency key. */
export function newKey() {
  const words = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(words, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export class Api {
  /** `base`: the path of the API, as `/api/v1`. `onSignedOut`: called when the session is over. */
  constructor({ base, onSignedOut = () => {} }) {
    this.base = base;
    this.onSignedOut = onSignedOut;
  }

  get(path, query) { return this.send('GET', withQuery(path, query)); }
  post(path, body, options) { return this.send('POST', path, { body, ...options }); }
  put(path, body, options) { return this.send('PUT', path, { body, ...options }); }
  patch(path, body, options) { return this.send('PATCH', path, { body, ...options }); }
  delete(path, options) { return this.send('DELETE', path, options); }

  /** All items of a paged list (`items`, `next`). */
  async all(path, query = {}) {
    const items = [];
    for (let cursor; ;) {
      const page = await this.get(path, { ...query, limit: 200, cursor });
      items.push(...page.items);
      cursor = page.next;
      if (!cursor) return items;
    }
  }

  /** `key`: the idempotency key of a write that is sent again after a reload; made here when absent. */
  async send(method, path, { body, key, signal, quiet = false } = {}) {
    const headers = { Accept: 'application/json', 'Handclasp-Web': '1' };
    if (method !== 'GET') headers['Idempotency-Key'] = key ?? newKey();
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    const init = { method, headers, signal, credentials: 'same-origin', cache: 'no-store', redirect: 'error' };
    if (body !== undefined) init.body = JSON.stringify(body);
    const response = await this.#fetch(path, init);
    return this.#read(response, quiet);
  }

  async #fetch(path, init) {
    try {
      return await fetch(this.base + path, init);
    } catch (error) {
      if (error.name === 'AbortError') throw error;
      throw new Problem({ detail: t('ui.unreachable') }, 0);
    }
  }

  async #read(response, quiet) {
    const type = response.headers.get('Content-Type') ?? '';
    if (response.ok) return type.includes('json') ? response.json() : null;
    const body = type.includes('json') ? await response.json().catch(() => ({})) : {};
    const problem = new Problem(body, response.status, Number(response.headers.get('Retry-After')) || undefined);
    if (response.status === 401 && !quiet) this.onSignedOut(problem);
    throw problem;
  }
}

function withQuery(path, query = {}) {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== '');
  return pairs.length ? `${path}?${new URLSearchParams(pairs)}` : path;
}
