/** Bytes as text that JSON can hold. */

/** Base64 (RFC 4648) of some bytes; in pieces, for a call takes only so many arguments. */
export function toBase64(bytes: Uint8Array): string {
  const PIECE = 0x8000;
  let binary = "";
  for (let at = 0; at < bytes.length; at += PIECE) binary += String.fromCharCode(...bytes.subarray(at, at + PIECE));
  return btoa(binary);
}
