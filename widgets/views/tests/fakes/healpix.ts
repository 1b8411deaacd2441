/** The cell of a position by the formulas of the scheme (Gorski et al. 2005, ApJ 622, 759, section 4.1): not those that are drawn by. */

import { turn } from "../../src/footprint/sphere";

/** The cell of an order in which a position lies. */
export function cellAt(order: number, ra: number, dec: number): number {
  const nside = 2 ** order;
  const z = Math.sin((dec * Math.PI) / 180);
  const around = turn(ra) / 90;
  if (Math.abs(z) <= 2 / 3) {
    const [across, up] = [nside * (0.5 + around), nside * z * 0.75];
    const [rising, falling] = [Math.floor(across - up), Math.floor(across + up)];
    const [p, m] = [Math.floor(rising / nside), Math.floor(falling / nside)];
    const face = p === m ? (p & 3) + 4 : p < m ? p & 3 : (m & 3) + 8;
    return numberOf(nside, face, falling % nside, nside - 1 - (rising % nside));
  }
  const quarter = Math.min(3, Math.floor(around));
  const width = nside * Math.sqrt(3 * (1 - Math.abs(z)));
  const [p, m] = [around - quarter, 1 - around + quarter].map((part) => Math.min(nside - 1, Math.floor(part * width))) as [number, number];
  return z > 0 ? numberOf(nside, quarter, nside - 1 - m, nside - 1 - p) : numberOf(nside, quarter + 8, p, m);
}

function numberOf(nside: number, face: number, x: number, y: number): number {
  let within = 0;
  for (let bit = 1; bit < nside; bit *= 2) within += bit * bit * ((x & bit ? 1 : 0) + (y & bit ? 2 : 0));
  return face * nside * nside + within;
}
