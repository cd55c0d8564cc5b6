// Texts in the person's language. Each app adds its table; a language is a column, English is the last resort.

const KEY = 'handclasp.language';
/** Languages to choose from, each by its own name. */
export const LANGUAGES = { en: 'English', ko: '한국어' };

const table = new Map();
let language = choose();
document.documentElement.lang = language;

function choose() {
  const chosen = localStorage.getItem(KEY);
  if (chosen in LANGUAGES) return chosen;
  return navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => tag in LANGUAGES) ?? 'en';
}

/** Adds texts: `{key: {en: 'Hello {name}', ko: '…'}}`. `{name}` is filled in by `t`; `{n|one|many}` chooses by number. */
export function addTexts(texts) {
  for (const [key, row] of Object.entries(texts)) table.set(key, row);
}

/** The text under a key. An unknown key is shown as it is, so that it is found. */
export function t(key, values = {}) {
  const row = table.get(key);
  const text = row?.[language] ?? row?.en ?? key;
  return text.replace(/\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g, (_, name, one, many) => {
    if (one === undefined) return String(values[name] ?? '');
    return (values[name] === 1 ? one : many).replace('#', number(values[name] ?? 0));
  });
}

/** Whether there is a text under a key. */
export const has = (key) => table.has(key);
export const currentLanguage = () => language;

/** The page is drawn anew by a reload: simple, and rare. */
export function setLanguage(tag) {
  localStorage.setItem(KEY, tag);
  location.reload();
}

const formats = new Map();
function format(kind, options) {
  const key = kind + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl[kind](language, options));
  return formats.get(key);
}

export const number = (value) => format('NumberFormat', {}).format(value);
export const clock = (ms) => format('DateTimeFormat', { hour: 'numeric', minute: '2-digit' }).format(ms);
export const dateTime = (ms) => format('DateTimeFormat', { dateStyle: 'medium', timeStyle: 'short' }).format(ms);
export const date = (ms) => format('DateTimeFormat', { dateStyle: 'medium' }).format(ms);

/** `Today`, `Yesterday`, a weekday within the week, else the date. */
export function day(ms, now = Date.now()) {
  const midnight = (at) => new Date(at).setHours(0, 0, 0, 0);
  const days = Math.round((midnight(now) - midnight(ms)) / 86_400_000);
  if (days === 0 || days === 1) {
    const text = format('RelativeTimeFormat', { numeric: 'auto' }).format(-days, 'day');
    return text[0].toUpperCase() + text.slice(1);
  }
  if (days > 1 && days < 7) return format('DateTimeFormat', { weekday: 'long' }).format(ms);
  return format('DateTimeFormat', { dateStyle: 'full' }).format(ms);
}

/** Short, for lists: the time today, else the day. */
export function shortTime(ms, now = Date.now()) {
  if (new Date(ms).toDateString() === new Date(now).toDateString()) return clock(ms);
  const sameYear = new Date(ms).getFullYear() === new Date(now).getFullYear();
  return format('DateTimeFormat', sameYear ? { month: 'short', day: 'numeric' } : { year: 'numeric', month: 'short' }).format(ms);
}

/** `5 minutes ago`. */
export function ago(ms, now = Date.now()) {
  const seconds = Math.round((ms - now) / 1000);
  const steps = [['day', 86_400], ['hour', 3_600], ['minute', 60], ['second', 1]];
  const [unit, size] = steps.find(([, size]) => Math.abs(seconds) >= size) ?? ['second', 1];
  return format('RelativeTimeFormat', { numeric: 'auto' }).format(Math.round(seconds / size), unit);
}

export function bytes(count) {
  const steps = [['gigabyte', 1e9], ['megabyte', 1e6], ['kilobyte', 1e3], ['byte', 1]];
  const [unit, size] = steps.find(([, size]) => count >= size) ?? ['byte', 1];
  return format('NumberFormat', { style: 'unit', unit, unitDisplay: unit === 'byte' ? 'long' : 'short', maximumFractionDigits: 1 }).format(count / size);
}

addTexts({
  'ui.close': { en: 'Close', ko: '닫기' },
  'ui.cancel': { en: 'Cancel', ko: '취소' },
  'ui.save': { en: 'Save', ko: '저장' },
  'ui.edit': { en: 'Edit', ko: '수정' },
  'ui.delete': { en: 'Delete', ko: '삭제' },
  'ui.retry': { en: 'Try again', ko: '다시 시도' },
  'ui.back': { en: 'Back', ko: '뒤로' },
  'ui.more': { en: 'More', ko: '더 보기' },
  'ui.search': { en: 'Search', ko: '검색' },
  'ui.loading': { en: 'Loading …', ko: '불러오는 중…' },
  'ui.open': { en: 'Open', ko: '열기' },
  'ui.copy': { en: 'Copy', ko: '복사' },
  'ui.copied': { en: 'Copied', ko: '복사했습니다' },
  'ui.external': { en: 'External', ko: '외부' },
  'ui.language': { en: 'Language', ko: '언어' },
  'ui.theme': { en: 'Appearance', ko: '화면 모드' },
  'ui.theme.system': { en: 'Like the system', ko: '시스템 설정' },
  'ui.theme.light': { en: 'Light', ko: '밝게' },
  'ui.theme.dark': { en: 'Dark', ko: '어둡게' },
  'ui.signIn': { en: 'Sign in', ko: '로그인' },
  'ui.signOut': { en: 'Sign out', ko: '로그아웃' },
  'ui.user': { en: 'User', ko: '사용자' },
  'ui.password': { en: 'Password', ko: '비밀번호' },
  'ui.offline': { en: 'No connection. What you write waits here and goes as soon as it is back.', ko: '연결이 끊겼습니다. 작성한 메시지는 보관했다가 연결되면 바로 보냅니다.' },
  'ui.reconnecting': { en: 'Connecting again …', ko: '다시 연결하는 중…' },
  'ui.error': { en: 'That did not work', ko: '처리하지 못했습니다' },
  'ui.unreachable': { en: 'The server cannot be reached.', ko: '서버에 연결할 수 없습니다.' },
  'ui.tryLater': { en: 'Try again in {seconds|# second|# seconds}.', ko: '{seconds|#초|#초} 후에 다시 시도하세요.' },
});
