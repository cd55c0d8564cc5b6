// The page's side of the service worker: the shell without a connection, and notifications that outlive the tab's focus.

const NOTIFY = 'handclasp.notify';
const ADDRESS = '/worker.js';

/** The one address that a script may be begun from by its name; the page's policy permits no other rule. */
const names = globalThis.trustedTypes?.createPolicy('handclasp-worker', { createScriptURL: () => ADDRESS });

/** Registers the worker; calls `onOpen(path)` when somebody picked a notification. */
export async function registerWorker(onOpen) {
  if (!('serviceWorker' in navigator)) return;
  navigator.serviceWorker.addEventListener('message', ({ data }) => { if (data?.open) onOpen(data.open); });
  // A browser that refuses, as in private windows, has a chat without an offline shell.
  await navigator.serviceWorker.register(names ? names.createScriptURL('') : ADDRESS, { scope: '/' }).catch(() => {});
}

/** Whether the person wants notifications and the browser permits them. */
export const permitted = () => localStorage.getItem(NOTIFY) === 'on' && 'Notification' in window && Notification.permission === 'granted';

/** Switches notifications; false when the browser does not permit them. */
export async function permitNotices(on) {
  if (on && (!('Notification' in window) || await Notification.requestPermission() !== 'granted')) return false;
  localStorage.setItem(NOTIFY, on ? 'on' : 'off');
  return true;
}

/** Shows a notification: by the worker where there is one, because phones know no other way. */
export async function notify({ title, body, tag, path, icon, onPick }) {
  const worker = await navigator.serviceWorker?.getRegistration().catch(() => undefined);
  if (worker?.active) { await worker.showNotification(title, { body, tag, icon, data: { path } }); return; }
  const note = new Notification(title, { body, tag, icon });
  note.onclick = () => { note.close(); onPick(); };
}
