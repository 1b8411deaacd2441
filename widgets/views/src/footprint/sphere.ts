/** Positions on the sky. Angles are degrees, vectors are units in ICRS. */

export type Vector = readonly [number, number, number];

export const DEGREE = Math.PI / 180;

/** North galactic pole, and galactic longitude of the north celestial pole, degrees (ESA SP-1200, vol. 1, section 1.5.3). */
const POLE_RA = 192.85948;
const POLE_DEC = 27.12825;
const NODE_L = 122.93192;
/** Obliquity of the ecliptic at J2000, degrees (IAU 2006). */
const OBLIQUITY = 23.4392794;

export function vectorOf(ra: number, dec: number): Vector {
  const across = Math.cos(dec * DEGREE);
  return [across * Math.cos(ra * DEGREE), across * Math.sin(ra * DEGREE), Math.sin(dec * DEGREE)];
}

export function positionOf([x, y, z]: Vector): { ra: number; dec: number } {
  return { ra: turn(Math.atan2(y, x) / DEGREE), dec: Math.atan2(z, Math.hypot(x, y)) / DEGREE };
}

/** An angle in 0 <= a < 360. */
export function turn(angle: number): number {
  const turned = ((angle % 360) + 360) % 360;
  return turned === 360 ? 0 : turned;
}

/** An angle in -180 <= a < 180. */
export function halfTurn(angle: number): number {
  return turn(angle + 180) - 180;
}

/** Angular distance, also exact where it is small (haversine). */
export function separation(ra1: number, dec1: number, ra2: number, dec2: number): number {
  const up = Math.sin(((dec2 - dec1) * DEGREE) / 2) ** 2;
  const along = Math.cos(dec1 * DEGREE) * Math.cos(dec2 * DEGREE) * Math.sin(((ra2 - ra1) * DEGREE) / 2) ** 2;
  return (2 * Math.asin(Math.sqrt(Math.min(1, up + along)))) / DEGREE;
}

/** The position at a distance from another, in a direction from north through east. */
export function offset(ra: number, dec: number, distance: number, angle: number): { ra: number; dec: number } {
  const [d, a, phi] = [distance * DEGREE, angle * DEGREE, dec * DEGREE];
  const sine = Math.sin(phi) * Math.cos(d) + Math.cos(phi) * Math.sin(d) * Math.cos(a);
  const aside = Math.atan2(Math.sin(a) * Math.sin(d) * Math.cos(phi), Math.cos(d) - Math.sin(phi) * sine);
  return { ra: turn(ra + aside / DEGREE), dec: Math.asin(Math.max(-1, Math.min(1, sine))) / DEGREE };
}

export function fromGalactic(l: number, b: number): { ra: number; dec: number } {
  const [pole, latitude, angle] = [POLE_DEC * DEGREE, b * DEGREE, (NODE_L - l) * DEGREE];
  const sine = Math.sin(latitude) * Math.sin(pole) + Math.cos(latitude) * Math.cos(pole) * Math.cos(angle);
  const across = Math.cos(latitude) * Math.sin(angle);
  const along = Math.sin(latitude) * Math.cos(pole) - Math.cos(latitude) * Math.sin(pole) * Math.cos(angle);
  return { ra: turn(POLE_RA + Math.atan2(across, along) / DEGREE), dec: Math.asin(Math.max(-1, Math.min(1, sine))) / DEGREE };
}

/** A point of the ecliptic at an ecliptic longitude. */
export function ofEcliptic(longitude: number): { ra: number; dec: number } {
  const [l, e] = [longitude * DEGREE, OBLIQUITY * DEGREE];
  return positionOf([Math.cos(l), Math.sin(l) * Math.cos(e), Math.sin(l) * Math.sin(e)]);
}

/** Degrees as a person reads them: `34.8107°, −5.6944°`. */
export function positionWords(ra: number, dec: number, digits = 4): string {
  return `${turn(ra).toFixed(digits)}°, ${dec < 0 ? "−" : "+"}${Math.abs(dec).toFixed(digits)}°`;
}
