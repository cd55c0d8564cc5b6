// A call that rings here: who, from where, and what one can do. It takes no focus from where one writes.

import { fill, h, icon } from '../../shared/dom.js';
import { t } from '../../shared/i18n.js';
import { avatar, button, externalBadge, uid } from '../../shared/ui.js';
import { canCall } from './devices.js';

/** A card: {element, draw(call)}. `deeds`: answer(shows), look(shows), decline(), open(). */
export function ringCard(store, call, deeds) {
  const id = uid('ring');
  const element = h('section', { class: 'call-ring', role: 'alertdialog', aria: { labelledby: id, describedby: `${id}-text`, live: 'assertive' }, data: { call: call.id } });
  const keys = (event) => {
    if (!event.altKey || !event.shiftKey || event.ctrlKey || event.metaKey) return;
    const deed = { KeyA: () => canCall() && deeds.answer({ muted: false, camera: call.medium === 'video' }), KeyD: deeds.decline }[event.code];
    if (deed) { event.preventDefault(); deed(); }
  };
  const draw = (now) => {
    const isVideo = now.medium === 'video';
    const room = store.rooms.get(now.room);
    const others = now.people.filter((person) => person.address !== now.starter && person.address !== store.me.address);
    const isGroup = room && room.kind !== 'direct';
    fill(element,
      h('div', { class: 'call-ring-who' },
        avatar(store.nameOf(now.starter), now.starter, { size: 'large', external: !store.isOurs(now.starter) }),
        h('div', { class: 'grow' },
          h('h2', { id, class: 'clip' }, h('bdi', {}, store.nameOf(now.starter))),
          h('p', { id: `${id}-text`, class: 'soft' }, t(isVideo ? 'calls.ringsVideo' : 'calls.ringsVoice'), isGroup && ` · ${store.roomName(room)}`),
          !store.isOurs(now.starter) && externalBadge(store.orgNameOf(now.starter)),
          isGroup && others.length > 0 && h('p', { class: 'faint clip' }, t('calls.alsoRung', { names: others.map((person) => store.nameOf(person.address)).join(', ') })))),
      h('div', { class: 'call-ring-deeds' },
        canCall() && isVideo && button(t('calls.answerVideo'), { icon: 'video', kind: 'answer', aria: { keyshortcuts: 'Alt+Shift+A' }, onClick: () => deeds.answer({ muted: false, camera: true }) }),
        canCall() && button(t(isVideo ? 'calls.answerVoice' : 'calls.answer'), { icon: 'phone', kind: isVideo ? '' : 'answer', onClick: () => deeds.answer({ muted: false, camera: false }) }),
        button(t('calls.decline'), { icon: 'hangUp', kind: 'danger', aria: { keyshortcuts: 'Alt+Shift+D' }, onClick: deeds.decline })),
      !canCall() && h('p', { class: 'faint' }, t(isSecureContext ? 'calls.why.browser' : 'calls.why.insecure')),
      h('div', { class: 'row' },
        canCall() && button(t('calls.lookFirst'), { icon: 'settings', kind: 'small plain', onClick: () => deeds.look({ camera: isVideo }) }),
        button(t('calls.toRoom'), { kind: 'small plain', onClick: deeds.open })));
  };
  draw(call);
  const watch = new AbortController();
  addEventListener('keydown', (event) => { if (element.isConnected) keys(event); else watch.abort(); }, { signal: watch.signal });
  return { element, draw };
}
