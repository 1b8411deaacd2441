declare module "d3-geo-projection" {
  type Raw = (lambda: number, phi: number) => [number, number];
  export const geoMollweideRaw: Raw;
  export const geoMtFlatPolarQuarticRaw: Raw;
}
