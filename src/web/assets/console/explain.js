// What a partner's state means, and what an admin does next. Pure: from the API's answer and a time to keys of words.

/** A grant that ends within this time wants a look. */
export const ENDS_SOON_MS = 14 * 24 * 3600_000;
/** Records that wait longer than this on an open link are worth saying. */
export const WAITS_LONG_MS = 5 * 60_000;
/** A certificate that ends within this time is worth saying. */
export const CERTIFICATE_SOON_MS = 30 * 24 * 3600_000;

/** All scopes of a grant, in the order they are shown. */
export const SCOPES = ['contacts', 'messages', 'rooms', 'files', 'calls'];

/**
 * How one grant stands: `none`, `active`, `revoked` or `expired`.
 * @param {object|undefined} grant a GrantView
 */
export function grantStanding(grant) {
  if (!grant || grant.serial === 0) return 'none';
  if (grant.in_force) return 'active';
  return grant.state === 'active' ? 'expired' : 'revoked';
}

/** The scopes that both grants name: what may cross now. */
export function crossing(peer) {
  if (!peer.ours?.in_force || !peer.theirs?.in_force) return [];
  return SCOPES.filter((scope) => peer.ours.scopes.includes(scope) && peer.theirs.scopes.includes(scope));
}

/**
 * A link's state for people: the tone of its mark, and the keys of its name, its reason and the next step. `act` is
 * what this admin can do here: `grant`, `lift`, `confirm`, or nothing when it is somebody else's turn.
 * @param {object} peer a PeerStatus
 * @param {boolean} unconfirmed whether all links wait for the grants to be confirmed
 */
export function explainLink(peer, unconfirmed = false) {
  const told = (tone, key, act) => ({ tone, state: `state.${peer.state}`, why: `why.${key}`, next: `next.${key}`, act });
  const closedByUs = (ours, theyWait) => ({
    ...told(ours === 'none' ? (theyWait ? 'warn' : 'idle') : 'off', `ours_${ours}`, 'grant'),
    ...(theyWait && { why: `why.ours_${ours}_theirs_waits` }),
    ...(theyWait && ours === 'none' && { next: 'next.ours_none_theirs_waits' }),
  });
  if (peer.state === 'quarantined') return told('bad', 'quarantined', 'lift');
  if (unconfirmed) return told('bad', 'unconfirmed', 'confirm');
  const ours = grantStanding(peer.ours);
  const theirs = grantStanding(peer.theirs);
  switch (peer.state) {
    case 'open':
      return told(crossing(peer).length ? 'good' : 'warn', crossing(peer).length ? 'open' : 'open_empty');
    case 'stale':
      return told('warn', 'stale');
    case 'opening':
      return told('busy', 'opening');
    case 'recovering':
      return told('busy', 'recovering');
    case 'closed_by_them':
      return told('warn', `theirs_${theirs}`);
    default:
      return closedByUs(ours, theirs === 'active' && ours !== 'active');
  }
}

/**
 * What wants a look about a partner, worst first: `{tone, key, params}`; the link's own state is not among them.
 * @param {object} peer a PeerStatus
 * @param {number} now milliseconds
 */
export function notices(peer, now) {
  const found = [];
  for (const [whose, grant] of [['ours', peer.ours], ['theirs', peer.theirs]]) {
    if (grant?.in_force && grant.not_after && grant.not_after - now < ENDS_SOON_MS) {
      found.push({ tone: 'warn', key: `notice.${whose}_ends`, params: { at: grant.not_after } });
    }
  }
  if (peer.certificate_not_after && peer.certificate_not_after - now < CERTIFICATE_SOON_MS) {
    found.push({ tone: 'info', key: peer.certificate_not_after < now ? 'notice.certificate_ended' : 'notice.certificate_ends', params: { at: peer.certificate_not_after } });
  }
  if (peer.state === 'open' && peer.oldest_queued_at && now - peer.oldest_queued_at > WAITS_LONG_MS) {
    found.push({ tone: 'warn', key: 'notice.waits', params: { count: peer.lag_records, at: peer.oldest_queued_at } });
  }
  if (peer.ours?.in_force && peer.theirs?.in_force) {
    const held = SCOPES.filter((scope) => peer.ours.scopes.includes(scope) !== peer.theirs.scopes.includes(scope));
    if (held.length) found.push({ tone: 'info', key: 'notice.scopes', params: { scopes: held } });
  }
  return found;
}

const RANK = { bad: 0, warn: 1, off: 2, busy: 3, idle: 4, good: 5 };

/** Partners with those that need an admin first, then by domain. */
export function byNeed(peers, unconfirmed) {
  const rank = (peer) => RANK[explainLink(peer, unconfirmed).tone];
  return [...peers].sort((a, b) => rank(a) - rank(b) || a.peer.localeCompare(b.peer));
}

/**
 * Why a user may or may not use external messaging: the key of a sentence.
 * @param {object} user a UserView
 * @param {object} policy a PolicyView
 */
export function explainPermission(user, policy) {
  if (!user.active) return 'permission.inactive';
  if (!user.external) return 'permission.switched_off';
  if (policy.audience === 'all') return 'permission.all';
  return user.chosen ? 'permission.chosen' : 'permission.not_chosen';
}
