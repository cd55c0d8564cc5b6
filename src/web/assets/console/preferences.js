// Language and colours: two small choices.

import { h } from '../shared/dom.js';
import { currentLanguage, LANGUAGES, setLanguage, t } from '../shared/i18n.js';
import { setTheme, theme } from '../shared/theme.js';

function choice(label, options, chosen, onPick) {
  return h('label', { class: 'preference' }, h('span', { class: 'unseen' }, label),
    h('select', { class: 'input small', on: { change: (event) => onPick(event.target.value) } },
      options.map(([value, text]) => h('option', { value, selected: value === chosen }, text))));
}

/** Both choices. */
export function preferences() {
  const themes = ['system', 'light', 'dark'].map((value) => [value, t(`ui.theme.${value}`)]);
  return h('div', { class: 'preferences' },
    choice(t('ui.language'), Object.entries(LANGUAGES), currentLanguage(), setLanguage),
    choice(t('ui.theme'), themes, theme(), setTheme));
}
