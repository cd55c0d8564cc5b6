// The console: sign-in, then a frame around one view at a time. The address behind `#` names the view.

import './texts/shell.js';
import './texts/links.js';
import './texts/people.js';
import './texts/insight.js';
import './texts/keeping.js';
import { h } from '../shared/dom.js';
import { Admin, readOffers } from './admin.js';
import { Frame } from './frame.js';
import { Live } from './live.js';
import { forget, store, stored } from './session.js';
import { signIn } from './sign-in.js';

let frame;

function start(session) {
  const admin = new Admin(session, () => end('sign_in.ended'));
  const live = new Live(admin);
  const app = { admin, live, session, offers: () => false };
  frame = new Frame(app, leave);
  document.body.replaceChildren(frame.skip, frame.element, frame.spoken);
  readOffers().then((offers) => {
    app.offers = offers;
    return live.start();
  }).then(() => frame.show());
}

/** The person goes: the daemon forgets the cookie session too. */
async function leave() {
  if (!frame.app.session.token) await frame.app.admin.signOut().catch(() => {});
  end();
}

function end(reason) {
  frame?.close();
  frame = undefined;
  forget();
  document.querySelectorAll('dialog[open]').forEach((dialog) => dialog.close(''));
  ask(reason);
}

function ask(reason) {
  const enter = (session) => {
    store(session);
    start(session);
  };
  document.body.replaceChildren(h('main', { class: 'sign-in' }, signIn(enter, reason)));
}

const session = stored();
if (session) start(session);
else ask();
