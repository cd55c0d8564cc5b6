// Microphone, camera, loudspeaker: which ones, what the browser says about them, and how loud something is.

const CHOSEN = 'handclasp.devices';

/** What was chosen before: {microphone, camera, speaker}, ids of devices. */
export const chosen = () => JSON.parse(localStorage.getItem(CHOSEN) ?? '{}');
export const choose = (kind, id) => localStorage.setItem(CHOSEN, JSON.stringify({ ...chosen(), [kind]: id }));

/** Whether this browser can take part in a call at all. */
export const canCall = () => Boolean(globalThis.RTCPeerConnection && navigator.mediaDevices?.getUserMedia);
export const canShare = () => Boolean(navigator.mediaDevices?.getDisplayMedia);
export const canChooseSpeaker = () => 'setSinkId' in HTMLMediaElement.prototype;

const SOUND = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const PICTURE = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } };

/** Asks for one device: `microphone` or `camera`. Takes another one when the one that was chosen is gone. */
export async function open(kind, id = chosen()[kind]) {
  const wishes = kind === 'camera' ? PICTURE : SOUND;
  const ask = (device) => navigator.mediaDevices.getUserMedia(kind === 'camera' ? { video: { ...wishes, ...device } } : { audio: { ...wishes, ...device } });
  const stream = await (id ? ask({ deviceId: { exact: id } }).catch((error) => { if (error.name !== 'OverconstrainedError' && error.name !== 'NotFoundError') throw error; return ask({}); }) : ask({}));
  const [track] = stream.getTracks();
  // What it is for: speech is coded for the ear, a face for motion.
  track.contentHint = kind === 'camera' ? 'motion' : 'speech';
  return track;
}

/** The screen, or a window; refused when the person thinks better of it. */
export async function openScreen() {
  const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { max: 15 } }, audio: false });
  const [track] = stream.getVideoTracks();
  track.contentHint = 'detail';
  return track;
}

/** All devices: {microphone: [{id, label}], camera, speaker}. Without permission they have no names. */
export async function list() {
  const kinds = { audioinput: 'microphone', videoinput: 'camera', audiooutput: 'speaker' };
  const found = { microphone: [], camera: [], speaker: [] };
  for (const { kind, deviceId, label } of await navigator.mediaDevices.enumerateDevices()) {
    if (deviceId || label) found[kinds[kind]]?.push({ id: deviceId, label });
  }
  return found;
}

/** Why a device cannot be used, as the end of a text's key. */
export function whyNot(error) {
  switch (error?.name) {
    case 'NotAllowedError': case 'SecurityError': return 'denied';
    case 'NotFoundError': case 'OverconstrainedError': return 'none';
    case 'NotReadableError': case 'AbortError': return 'busy';
    default: return 'other';
  }
}

/** How loud a track is: calls `onLevel(0 to 1)` some times a second until the returned function is called. */
export function meter(track, onLevel) {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 512;
  context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    let sum = 0;
    for (const sample of samples) sum += sample * sample;
    // 60 dB of loudness on a line from 0 to 1.
    onLevel(Math.max(0, Math.min(1, 1 + Math.log10(Math.sqrt(sum / samples.length) + 1e-6) / 3)));
  }, 100);
  return () => { clearInterval(timer); context.close().catch(() => {}); };
}
