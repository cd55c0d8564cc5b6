// The web apps from the work tree before a daemon that was built earlier, so that a change of a file needs no build:
// HANDCLASP_ASSETS=src/web/assets tests/web/run. Everything but the pages and files is passed on to the daemon.

import { readFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { extname, join, normalize } from 'node:path';

const TYPES = { '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml', '.webmanifest': 'application/manifest+json' };
const HASH = 'tree';

/** Serves an app of the folder `root`; resolves to {url, stop}. `app`: {page, addresses: RegExp, org}. */
export function serveTree(root, origin, app) {
  const policy = /const POLICY: &str = "([^;]*(?:;[^"]*)*)"/s.exec(readFileSync(join(root, '../mod.rs'), 'utf8'))[1].replace(/\\\s+/g, '');
  const permissions = /const PERMISSIONS: &str = "([^"]*)"/s.exec(readFileSync(join(root, '../mod.rs'), 'utf8'))[1].replace(/\\\s+/g, '');
  const filled = (path) => readFileSync(join(root, path), 'utf8').replaceAll('{{assets}}', `/assets/${HASH}`).replaceAll('{{org}}', app.org);
  const answer = (response, type, body) => {
    response.writeHead(200, { 'Content-Type': type, 'Content-Security-Policy': policy, 'Permissions-Policy': permissions, 'X-Content-Type-Options': 'nosniff', 'Cache-Control': 'no-cache', 'Service-Worker-Allowed': '/' });
    response.end(body);
  };
  const server = createServer((asked, response) => {
    const { pathname } = new URL(asked.url, origin);
    try {
      if (app.addresses.test(pathname)) return answer(response, 'text/html; charset=utf-8', filled(app.page));
      if (pathname === '/worker.js') return answer(response, TYPES['.js'], filled('chat/worker.js'));
      if (pathname.startsWith('/assets/')) {
        const path = normalize(pathname.split('/').slice(3).join('/'));
        return answer(response, TYPES[extname(path)], readFileSync(join(root, path)));
      }
    } catch {
      response.writeHead(404).end();
      return undefined;
    }
    return pass(origin, asked, response);
  });
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done({ url: `http://127.0.0.1:${server.address().port}`, stop: () => { server.close(); server.closeAllConnections(); } })));
}

function pass(origin, asked, response) {
  const onward = request(origin + asked.url, { method: asked.method, headers: asked.headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    response.flushHeaders();
    answer.pipe(response);
  });
  onward.on('error', () => response.destroy());
  response.on('close', () => onward.destroy());
  asked.pipe(onward);
}
