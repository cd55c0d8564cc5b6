// Cards and fingerprints, read in the browser for people to compare. The daemon verifies; nothing here is a proof.

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
/** Largest card file that the daemon takes, bytes. */
export const CARD_BYTES_MAX = 16 * 1024;
/** Letters of a fingerprint, without spaces. */
export const FINGERPRINT_LETTERS = 32;

/**
 * What a card file says of itself, for people to see before it is sent: the key of a complaint, or the card.
 * @param {string} text
 * @returns {{error: string} | {document: object, card: object}}
 */
export function readCard(text) {
  if (new TextEncoder().encode(text).length > CARD_BYTES_MAX) return { error: 'pair.too_large' };
  let document, card;
  try {
    document = JSON.parse(text);
  } catch {
    return { error: 'pair.not_json' };
  }
  if (!document || document.payloadType !== 'application/vnd.handclasp.card.v1+json') return { error: 'pair.not_card' };
  try {
    card = JSON.parse(decodeText(document.payload));
  } catch {
    return { error: 'pair.damaged' };
  }
  const isCard = typeof card.domain === 'string' && typeof card.name === 'string' && /^[0-9a-f]{64}$/.test(card.identity);
  return isCard ? { document, card } : { error: 'pair.damaged' };
}

/** The payload of a signed document as a value, or undefined when it is none. */
export function readPayload(text) {
  try {
    const document = JSON.parse(text);
    return { kind: document.payloadType, keyid: document.signatures?.[0]?.keyid, body: JSON.parse(decodeText(document.payload)) };
  } catch {
    return undefined;
  }
}

function decodeText(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
}

/**
 * The eight groups of an identity key's fingerprint; undefined where the browser has no digest (no secure context).
 * @param {string} identity 64 hex digits
 */
export async function fingerprintOf(identity) {
  if (!globalThis.crypto?.subtle) return undefined;
  const key = Uint8Array.from(identity.match(/../g), (pair) => parseInt(pair, 16));
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', key));
  let letters = '';
  for (let at = 0, bits = 0, held = 0; at < 20; at += 1) {
    bits = (bits << 8) | digest[at];
    for (held += 8; held >= 5; held -= 5) {
      letters += LETTERS[(bits >> (held - 5)) & 31];
      bits &= (1 << (held - 5)) - 1;
    }
  }
  return groups(letters);
}

/** Letters in groups of four. */
export function groups(letters) {
  return letters.match(/.{1,4}/g) ?? [];
}

/** What somebody typed or pasted, as the letters of a fingerprint: case, spaces and dashes do not matter. */
export function lettersOf(text) {
  return text.toUpperCase().replace(/[\s-]/g, '');
}
