// How good a connection is, and why one does not stand, in words that a person can act on.

/** Above these it is only fair, and poor. */
const LOSS = [0.02, 0.08];
const ROUND_TRIP_S = [0.25, 0.6];
const JITTER_S = [0.04, 0.12];

/**
 * What `getStats` says since the last look: {level: good|fair|poor|none, loss, roundTripMs, jitterMs, relayed, sound, frames,
 * width, height, bitrate}. `before`: what the last look returned.
 */
export function look(report, before) {
  const now = { packets: 0, lost: 0, jitter: 0, bytes: 0, sound: 0, frames: 0, audioPackets: 0, at: performance.now() };
  let pair;
  for (const stat of report.values()) {
    if (stat.type === 'inbound-rtp') inbound(now, stat);
    else if (stat.type === 'transport' && stat.selectedCandidatePairId) pair = report.get(stat.selectedCandidatePairId);
  }
  pair ??= [...report.values()].find((stat) => stat.type === 'candidate-pair' && stat.nominated && stat.state === 'succeeded');
  const since = (name) => Math.max(0, now[name] - (before?.now[name] ?? 0));
  const packets = since('packets') + since('lost');
  const loss = packets ? since('lost') / packets : 0;
  const roundTrip = pair?.currentRoundTripTime;
  const seconds = Math.max(0.2, (now.at - (before?.now.at ?? now.at - 1_000)) / 1_000);
  const worse = (value, [fair, poor]) => (value >= poor ? 2 : value >= fair ? 1 : 0);
  const grade = Math.max(worse(loss, LOSS), worse(roundTrip ?? 0, ROUND_TRIP_S), worse(now.jitter, JITTER_S));
  const local = pair && report.get(pair.localCandidateId);
  const remote = pair && report.get(pair.remoteCandidateId);
  return {
    now, loss, level: pair ? ['good', 'fair', 'poor'][grade] : 'none',
    roundTripMs: roundTrip === undefined ? undefined : Math.round(roundTrip * 1_000), jitterMs: Math.round(now.jitter * 1_000),
    relayed: local?.candidateType === 'relay' || remote?.candidateType === 'relay',
    sound: now.sound, frames: now.frames, width: now.width, height: now.height, bitrate: Math.round(8 * since('bytes') / seconds),
    brokenFor: packets || !before ? 0 : (before.brokenFor ?? 0) + seconds,
  };
}

function inbound(now, stat) {
  now.packets += stat.packetsReceived ?? 0;
  now.lost += Math.max(0, stat.packetsLost ?? 0);
  now.bytes += stat.bytesReceived ?? 0;
  now.jitter = Math.max(now.jitter, stat.jitter ?? 0);
  if (stat.kind === 'audio') { now.sound = stat.audioLevel ?? 0; now.audioPackets += stat.packetsReceived ?? 0; }
  if (stat.kind === 'video' && stat.framesDecoded) {
    now.frames += stat.framesDecoded;
    if ((stat.frameWidth ?? 0) > (now.width ?? 0)) [now.width, now.height] = [stat.frameWidth, stat.frameHeight];
  }
}

/**
 * Why there is no connection to somebody, as the end of a text's key. `failure`: `ice` or `silent`; `kinds`: of the ways that
 * were found here and there; `ice`: what the daemon told.
 */
export function whyFailed({ failure, kinds, ice }) {
  const hasRelay = ice.ice_servers.some((server) => server.urls.some((url) => url.startsWith('turn')));
  if (failure === 'silent') return 'silent';
  if (ice.relay_only && !hasRelay) return 'relayMissing';
  if (!kinds.here.size) return ice.relay_only ? 'relayDown' : 'noNetwork';
  if (!kinds.there.size) return 'noWayThere';
  if (hasRelay && !kinds.here.has('relay')) return 'relayDown';
  return hasRelay ? 'blocked' : 'noRelay';
}

/** The kinds of ways that both browsers know: {here: Set, there: Set} of host, srflx, prflx, relay. */
export function kindsOf(report) {
  const kinds = { here: new Set(), there: new Set() };
  for (const stat of report.values()) {
    if (stat.type === 'local-candidate') kinds.here.add(stat.candidateType);
    if (stat.type === 'remote-candidate') kinds.there.add(stat.candidateType);
  }
  return kinds;
}
