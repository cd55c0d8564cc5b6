// Who is signed in: by a cookie session where the daemon gives one, else by the token, kept in this tab alone.

const KEY = 'handclasp.admin';
const TOKEN = /^[A-Za-z0-9_-]{43}$/;
const ACTOR = /^[A-Za-z0-9._@-]{1,64}$/;

export const isToken = (text) => TOKEN.test(text);
export const isActor = (text) => ACTOR.test(text);

/** The session of this tab, if there is one. */
export function stored() {
  try {
    const session = JSON.parse(sessionStorage.getItem(KEY));
    return session && isActor(session.actor) && (!session.token || isToken(session.token)) ? session : undefined;
  } catch {
    return undefined;
  }
}

export const store = (session) => sessionStorage.setItem(KEY, JSON.stringify(session));
export const forget = () => sessionStorage.removeItem(KEY);
