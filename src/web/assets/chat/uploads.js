// Uploads: begun, sent in pieces with progress, and gone on with after an interruption (tus 1.0).

import { Problem, newKey } from '../shared/api.js';
import { t } from '../shared/i18n.js';

const PIECE_BYTES = 4 * 1024 * 1024;
const TRIES = 5;

const base64 = (text) => {
  const bytes = new TextEncoder().encode(text);
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
};

/** Sends a file; resolves to the upload's id. `onProgress(share)` is called with 0 to 1. */
export async function upload(file, onProgress, signal) {
  const metadata = `filename ${base64(file.name || 'picture.png')},filetype ${base64(file.type || 'application/octet-stream')}`;
  const response = await begin(file.size, metadata, signal);
  const place = new URL(response.headers.get('Location'), location.origin).pathname;
  const id = place.split('/').at(-1);
  let offset = 0;
  for (let tries = 0; offset < file.size || file.size === 0;) {
    try {
      offset = await sendPiece(place, file, offset, onProgress, signal);
      tries = 0;
      if (file.size === 0) break;
    } catch (error) {
      if (error.name === 'AbortError' || !error.isPassing || ++tries >= TRIES) throw error;
      await new Promise((done) => setTimeout(done, 500 * 2 ** tries));
      offset = await whereItEnds(place) ?? offset;
    }
  }
  return id;
}

/** Begins an upload; asked again under the same key when the connection broke off. */
async function begin(bytes, metadata, signal) {
  const headers = { 'Handclasp-Web': '1', 'Tus-Resumable': '1.0.0', 'Upload-Length': String(bytes), 'Upload-Metadata': metadata, 'Idempotency-Key': newKey() };
  for (let tries = 0; ; tries++) {
    const response = await fetch('/api/v1/uploads', { method: 'POST', credentials: 'same-origin', signal, headers }).catch((error) => { if (error.name === 'AbortError') throw error; });
    if (response?.ok) return response;
    if (response) throw new Problem(await response.json().catch(() => ({})), response.status);
    if (tries >= TRIES) throw new Problem({ detail: t('ui.unreachable') }, 0);
    await new Promise((done) => setTimeout(done, 500 * 2 ** tries));
  }
}

async function whereItEnds(place) {
  const response = await fetch(place, { method: 'HEAD', credentials: 'same-origin', headers: { 'Tus-Resumable': '1.0.0' } }).catch(() => null);
  return response?.ok ? Number(response.headers.get('Upload-Offset')) : undefined;
}

/** One piece; resolves to where the upload ends now. */
function sendPiece(place, file, offset, onProgress, signal) {
  const piece = file.slice(offset, offset + PIECE_BYTES);
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open('PATCH', place);
    request.setRequestHeader('Handclasp-Web', '1');
    request.setRequestHeader('Tus-Resumable', '1.0.0');
    request.setRequestHeader('Upload-Offset', String(offset));
    request.setRequestHeader('Content-Type', 'application/offset+octet-stream');
    request.upload.onprogress = (event) => onProgress(file.size ? (offset + event.loaded) / file.size : 1);
    request.onload = () => {
      if (request.status < 300) return done(Number(request.getResponseHeader('Upload-Offset')));
      let body = {};
      try { body = JSON.parse(request.responseText); } catch { /* not a problem document */ }
      return fail(new Problem(body, request.status));
    };
    request.onerror = () => fail(new Problem({ detail: t('ui.unreachable') }, 0));
    request.onabort = () => fail(new DOMException('', 'AbortError'));
    signal?.addEventListener('abort', () => request.abort());
    request.send(piece);
  });
}
