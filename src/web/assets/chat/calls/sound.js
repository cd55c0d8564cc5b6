// Sounds of calls, made by the page itself: ringing here, ringing there, somebody came, somebody went, a test.

/** A tone after another: [frequency in Hz, begin in s, length in s]. */
const TUNES = {
  ring: { tones: [[659, 0, 0.18], [784, 0.2, 0.18], [988, 0.4, 0.3], [784, 0.75, 0.3]], everyMs: 2_400, volume: 0.22 },
  ringback: { tones: [[425, 0, 0.9]], everyMs: 3_500, volume: 0.07 },
  came: { tones: [[523, 0, 0.09], [784, 0.1, 0.14]], volume: 0.12 },
  went: { tones: [[784, 0, 0.09], [523, 0.1, 0.14]], volume: 0.12 },
  test: { tones: [[440, 0, 0.25], [554, 0.28, 0.25], [659, 0.56, 0.4]], volume: 0.25 },
};

let context;

/** Plays a tune, again and again if it is one for that, until the returned function is called. `speaker`: a device's id. */
export function play(name, { speaker } = {}) {
  if (!globalThis.AudioContext) return () => {};
  const { tones, everyMs, volume } = TUNES[name];
  context ??= new AudioContext();
  // Before the person has done anything on the page the browser keeps it silent; what is seen says the same.
  const begun = context.resume();
  if (speaker) context.setSinkId?.(speaker).catch(() => {});
  const gain = context.createGain();
  gain.gain.value = volume;
  gain.connect(context.destination);
  const once = () => { if (context.state === 'running') tones.forEach((tone) => sound(gain, tone)); };
  begun.then(once, () => {});
  const timer = everyMs && setInterval(once, everyMs);
  return () => { clearInterval(timer); gain.disconnect(); };
}

function sound(gain, [frequency, begin, length]) {
  const at = context.currentTime + begin;
  const tone = new OscillatorNode(context, { type: 'sine', frequency });
  const envelope = new GainNode(context, { gain: 0 });
  envelope.gain.setValueAtTime(0, at);
  envelope.gain.linearRampToValueAtTime(1, at + 0.02);
  envelope.gain.setValueAtTime(1, at + Math.max(0.02, length - 0.06));
  envelope.gain.linearRampToValueAtTime(0, at + length);
  tone.connect(envelope).connect(gain);
  tone.start(at);
  tone.stop(at + length + 0.05);
}
