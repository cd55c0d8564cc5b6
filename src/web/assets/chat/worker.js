// The service worker: keeps the shell of this version, so that a reload without a connection still shows the app. It never
// keeps what the API answers.

const SHELL = 'handclasp {{assets}}';
const APP = /^\/(?:$|(?:rooms|contacts|notifications|settings|search)(?:\/|$))/;

/** The page and all files that it names. */
async function keepShell() {
  const cache = await caches.open(SHELL);
  const page = await fetch('/', { cache: 'no-cache' });
  const text = await page.clone().text();
  await cache.put('/', page);
  await cache.addAll([...new Set([...text.matchAll(/"(\/assets\/[^"]+)"/g)].map(([, path]) => path))]);
}

async function dropOthers() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name !== SHELL).map((name) => caches.delete(name)));
  await clients.claim();
}

/** The page as the daemon has it now; the kept one when it cannot be asked. */
async function page(request) {
  try {
    return await fetch(request);
  } catch (error) {
    const kept = await caches.match('/');
    if (kept) return kept;
    throw error;
  }
}

/** Files never change under their address. */
const file = async (request) => await caches.match(request) ?? fetch(request);

addEventListener('install', (event) => { event.waitUntil(keepShell().then(() => skipWaiting())); });
addEventListener('activate', (event) => { event.waitUntil(dropOthers()); });
addEventListener('fetch', (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (origin !== location.origin || event.request.method !== 'GET') return;
  if (event.request.mode === 'navigate' && APP.test(pathname)) event.respondWith(page(event.request));
  else if (pathname.startsWith('/assets/')) event.respondWith(file(event.request));
});
addEventListener('notificationclick', (event) => {
  event.notification.close();
  const path = event.notification.data?.path ?? '/';
  event.waitUntil(clients.matchAll({ type: 'window', includeUncontrolled: true }).then((known) => {
    if (!known.length) return clients.openWindow(path);
    known[0].postMessage({ open: path });
    return known[0].focus();
  }));
});
