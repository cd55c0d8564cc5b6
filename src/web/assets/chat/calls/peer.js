// The connection to one other person in a call: perfect negotiation over signals that may be lost, three lines of media
// (voice, camera, screen), repair after the network changed, and what has come so far.

const VOICE = 0;
const CAMERA = 1;
const SCREEN = 2;
/** An offer that nobody answered is said again after this. */
const ANSWER_MS = 2_500;
/** Candidates are gathered for a moment, and told together. */
const GATHER_MS = 30;
const CANDIDATES_MAX = 16;
/** A break that does not heal by itself gets other ways after this. */
const HEAL_MS = 2_000;
/** What each of so many others gets of a camera. */
const PICTURES = [
  { people: 1, picture: { maxBitrate: 1_500_000, scaleResolutionDownBy: 1, maxFramerate: 30 } },
  { people: 3, picture: { maxBitrate: 500_000, scaleResolutionDownBy: 2, maxFramerate: 24 } },
  { people: Infinity, picture: { maxBitrate: 200_000, scaleResolutionDownBy: 3, maxFramerate: 15 } },
];
/** Nothing stands after so many tries: it is told. */
const TRIES_MAX = 6;

/** Which instance of a browser's connection wrote a description: another one after a reload. */
const originOf = (sdp) => /^o=\S+ (\S+)/m.exec(sdp)?.[1];

export class Peer extends EventTarget {
  #pc;
  #origin;
  #isIgnoring = false;
  #waiting = [];
  #gathered = [];
  #tries = 0;
  #isClosed = false;
  #turn = Promise.resolve();

  /**
   * `me`, `who`: addresses. `send(content)`: tells the other's browser {offer}, {answer} or {candidates}. `config`: of the
   * connection. `media`: {voice, camera, screen}, tracks or null. `isBack`: one's own page was loaded anew.
   * Fires `media` when what comes changes, `state` when the connection does.
   */
  constructor({ me, who, send, config, media, isBack = false }) {
    super();
    Object.assign(this, { who, send, config, media, people: 1 });
    // Of two people, the one with the lesser address offers first, and its offer stands when two cross.
    this.isPolite = me > who;
    this.streams = { voice: new MediaStream(), camera: new MediaStream(), screen: new MediaStream() };
    this.since = performance.now();
    this.#begin(!this.isPolite || isBack);
  }

  get state() { return this.#pc.connectionState; }
  get isRelayed() { return this.config.iceTransportPolicy === 'relay'; }

  /** A connection from nothing. Who does not begin waits for an offer, and begins when none comes. */
  #begin(offers) {
    this.#pc?.close();
    const pc = new RTCPeerConnection(this.config);
    this.#pc = pc;
    this.#origin = undefined;
    this.#waiting = [];
    this.#gathered = [];
    this.#isIgnoring = false;
    pc.addEventListener('negotiationneeded', () => this.#negotiate(pc));
    pc.addEventListener('icecandidate', ({ candidate }) => { if (candidate) this.#gather(pc, candidate); });
    pc.addEventListener('icecandidateerror', (event) => { this.lastError = event; });
    pc.addEventListener('track', (event) => this.#track(pc, event));
    pc.addEventListener('connectionstatechange', () => this.#changed(pc));
    clearTimeout(this.first);
    if (offers) this.#lines(pc);
    else this.first = setTimeout(() => { if (pc === this.#pc && !pc.remoteDescription) this.#lines(pc); }, ANSWER_MS);
  }

  /** Makes the three lines; that alone asks for an offer. */
  #lines(pc) {
    for (const [kind, name] of [['audio', 'voice'], ['video', 'camera'], ['video', 'screen']]) {
      pc.addTransceiver(this.media[name] ?? kind, { direction: directionOf(name, this.media[name]), streams: [] });
    }
    this.#tune(pc);
  }

  /** Puts one's own media into the lines. A line that begins or ceases to send is negotiated anew by the browser. */
  async #fill(pc) {
    const lines = pc.getTransceivers();
    const names = ['voice', 'camera', 'screen'];
    await Promise.all(names.map(async (name, at) => {
      const line = lines[at];
      if (!line || line.stopped) return;
      const track = this.media[name];
      if (line.sender.track !== track) await line.sender.replaceTrack(track);
      const direction = directionOf(name, track);
      if (line.direction !== direction) line.direction = direction;
    }));
    this.#tune(pc);
  }

  /** Speech before pictures; and a picture for each of many is smaller than the one for one. */
  #tune(pc) {
    pc.getTransceivers().forEach(({ sender }, at) => {
      if (!sender.track) return;
      const parameters = sender.getParameters();
      const [encoding] = parameters.encodings ?? [];
      if (!encoding) return;
      encoding.networkPriority = encoding.priority = at === VOICE ? 'high' : 'medium';
      if (at === CAMERA) Object.assign(encoding, PICTURES.find(({ people }) => this.people <= people).picture);
      sender.setParameters(parameters).catch(() => {});
    });
  }

  /** How many others get a picture of one: each picture is made anew. */
  share(people) {
    if (people === this.people) return;
    this.people = people;
    this.#tune(this.#pc);
  }

  /** Other media of one's own. */
  async use(media) {
    this.media = media;
    if (this.#pc.getTransceivers().length) await this.#fill(this.#pc);
  }

  /** One thing after another: descriptions must not overtake each other. */
  #inTurn(act) {
    const turn = this.#turn.then(() => (this.#isClosed ? undefined : act()));
    this.#turn = turn.catch((error) => { this.lastError = error; });
    return turn;
  }

  #negotiate(pc) {
    this.#inTurn(async () => {
      if (pc !== this.#pc || pc.signalingState !== 'stable') return;
      await pc.setLocalDescription();
      this.#tell(pc);
    });
  }

  /** Tells the description that stands; an offer again and again until it is answered. */
  #tell(pc, tries = 0) {
    const { type, sdp } = pc.localDescription;
    this.#send({ [type]: sdp });
    clearTimeout(this.again);
    if (type !== 'offer') return;
    this.again = setTimeout(() => {
      if (pc !== this.#pc || this.#isClosed || pc.signalingState !== 'have-local-offer') return;
      if (tries < TRIES_MAX) this.#tell(pc, tries + 1); else this.#failed('silent');
    }, ANSWER_MS);
  }

  /** One after another: a candidate must not come before the description it belongs to. */
  #send(content) {
    this.sending = (this.sending ?? Promise.resolve()).then(() => (this.#isClosed ? undefined : this.send(content))).catch((error) => { this.lastError = error; });
  }

  #gather(pc, { candidate, sdpMLineIndex }) {
    this.#gathered.push({ candidate, line: sdpMLineIndex ?? 0 });
    if (this.#gathered.length >= CANDIDATES_MAX) this.#tellCandidates(pc);
    else this.gathering ??= setTimeout(() => this.#tellCandidates(pc), GATHER_MS);
  }

  #tellCandidates(pc) {
    clearTimeout(this.gathering);
    this.gathering = undefined;
    const candidates = this.#gathered.splice(0, CANDIDATES_MAX);
    if (candidates.length && pc === this.#pc && !this.#isClosed) this.#send({ candidates });
  }

  /** What the other's browser tells. */
  take({ offer, answer, candidates }) {
    return this.#inTurn(async () => {
      if (candidates) await this.#takeCandidates(candidates);
      else await this.#describe(offer ? { type: 'offer', sdp: offer } : { type: 'answer', sdp: answer });
    }).catch(() => {});
  }

  async #describe(description) {
    const origin = originOf(description.sdp);
    // Another instance: the other's page was loaded anew, and knows nothing of what stood.
    if (this.#origin && origin !== this.#origin) {
      this.#begin(description.type === 'answer');
      if (description.type === 'answer') return;
    }
    const isOffer = description.type === 'offer';
    // Both began: lines that were made here are none of the other's. Nothing stands yet that would be lost.
    const begun = !this.#pc.remoteDescription && this.#pc.getTransceivers().length > 0;
    if (isOffer && this.isPolite && begun) this.#begin(false);
    const pc = this.#pc;
    this.#isIgnoring = isOffer && !this.isPolite && (begun || pc.signalingState !== 'stable');
    if (this.#isIgnoring) return;
    // Said twice, or late: there is nothing that it would answer.
    if (!isOffer && pc.signalingState !== 'have-local-offer') return;
    // Before anything is awaited: no line of one's own may come between.
    clearTimeout(this.first);
    await pc.setRemoteDescription(description);
    this.#origin = origin;
    clearTimeout(this.again);
    if (isOffer) {
      await this.#fill(pc);
      await pc.setLocalDescription();
      this.#tell(pc);
    }
    this.#tune(pc);
    const waiting = this.#waiting.splice(0);
    await this.#takeCandidates(waiting);
    this.#arrived();
  }

  async #takeCandidates(candidates) {
    const pc = this.#pc;
    if (!pc.remoteDescription) { this.#waiting.push(...candidates); return; }
    for (const { candidate, line } of candidates) {
      // Those of an offer that was passed over, or of a connection that is no more, lead nowhere.
      await pc.addIceCandidate({ candidate, sdpMLineIndex: line }).catch((error) => { if (!this.#isIgnoring) this.lastError = error; });
    }
  }

  #track(pc, { transceiver, track }) {
    const name = ['voice', 'camera', 'screen'][pc.getTransceivers().indexOf(transceiver)];
    if (!name || pc !== this.#pc) return;
    const stream = this.streams[name];
    stream.getTracks().forEach((old) => stream.removeTrack(old));
    stream.addTrack(track);
    for (const turn of ['mute', 'unmute', 'ended']) track.addEventListener(turn, () => this.#arrived());
    this.#arrived();
  }

  #arrived() { this.dispatchEvent(new Event('media')); }

  /** Whether a line brings something now. */
  brings(name) {
    const line = this.#pc.getTransceivers()[{ voice: VOICE, camera: CAMERA, screen: SCREEN }[name]];
    return Boolean(line?.currentDirection?.includes('recv') && this.streams[name].getTracks().some((track) => !track.muted && track.readyState === 'live'));
  }

  #changed(pc) {
    if (pc !== this.#pc) return;
    clearTimeout(this.healing);
    const { connectionState: state } = pc;
    if (state === 'connected') { this.#tries = 0; this.wasConnected = true; }
    if (state === 'disconnected') this.healing = setTimeout(() => this.#heal(pc), HEAL_MS);
    if (state === 'failed') this.#heal(pc);
    this.dispatchEvent(new Event('state'));
  }

  /** Other ways between the same two, after the network changed. */
  #heal(pc) {
    if (pc !== this.#pc || this.#isClosed) return;
    this.#tries += 1;
    if (this.#tries > TRIES_MAX) { this.#failed('ice'); return; }
    pc.restartIce();
    this.healing = setTimeout(() => { if (pc.connectionState !== 'connected') this.#heal(pc); }, 2 * HEAL_MS + 1_000);
  }

  /** The network of this device changed: the ways that stood may lead nowhere. */
  refresh() { if (this.wasConnected) this.#heal(this.#pc); }

  #failed(why) {
    this.failure = why;
    this.dispatchEvent(new Event('state'));
  }

  /** Tries once more from nothing, as when the person asks for it. */
  retry() {
    this.failure = undefined;
    this.#tries = 0;
    this.#begin(true);
    this.dispatchEvent(new Event('state'));
  }

  stats() { return this.#pc.getStats(); }

  /** How each line stands, for whoever looks for a fault. */
  get lines() {
    const { signalingState, iceConnectionState } = this.#pc;
    const lines = this.#pc.getTransceivers().map(({ mid, direction, currentDirection, sender, receiver }) => `${mid} ${direction}/${currentDirection} sends ${sender.track?.readyState} gets ${receiver.track.muted ? 'nothing' : 'media'}`);
    return { state: `${signalingState} ${iceConnectionState}`, lines, fault: this.lastError && String(this.lastError.message ?? this.lastError.errorText ?? this.lastError) };
  }

  close() {
    this.#isClosed = true;
    for (const timer of [this.again, this.first, this.healing, this.gathering]) clearTimeout(timer);
    this.#pc.close();
    for (const stream of Object.values(this.streams)) stream.getTracks().forEach((track) => { track.stop(); stream.removeTrack(track); });
  }
}

/** Voice is always there; the others only while they show something. */
function directionOf(name, track) {
  if (name === 'voice') return 'sendrecv';
  return track ? 'sendrecv' : 'recvonly';
}
