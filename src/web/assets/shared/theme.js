// Light or dark: the system's choice until the person makes one. Loaded before the first paint.

const KEY = 'handclasp.theme';
const dark = matchMedia('(prefers-color-scheme: dark)');

/** `system`, `light` or `dark`. */
export function theme() {
  const chosen = localStorage.getItem(KEY);
  return chosen === 'light' || chosen === 'dark' ? chosen : 'system';
}

export function setTheme(choice) {
  if (choice === 'system') localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, choice);
  apply();
}

function apply() {
  const chosen = theme();
  document.documentElement.dataset.theme = chosen === 'system' ? (dark.matches ? 'dark' : 'light') : chosen;
}

dark.addEventListener('change', apply);
apply();
