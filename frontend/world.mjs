// Writes src/files/world.svg: the shape of each country (Equal Earth projection, 960 x 468), named by its ISO 3166-1 alpha-2 code; what has none
// of its own is drawn without a name. From Natural Earth (public domain), as world-atlas (ISC) packs it. The drawing is kept in the repository.
// To draw them anew: `npm install --no-save world-atlas@2.0.2 topojson-client@3.1.0 d3-geo@3.1.1 i18n-iso-countries@7.14.0 && node world.mjs`.
import { readFileSync, writeFileSync } from "node:fs";
import { geoEqualEarth, geoPath } from "d3-geo";
import { feature } from "topojson-client";
import countries from "i18n-iso-countries";

const OWN_CODES = { Kosovo: "XK" }; // in use, though no part of the standard
const world = JSON.parse(readFileSync(new URL("node_modules/world-atlas/countries-110m.json", import.meta.url), "utf8"));
const projection = geoEqualEarth().fitSize([960, 468], { type: "Sphere" });
const path = geoPath(projection).digits(1);
const shapes = {};
const nameless = [];
for (const each of feature(world, world.objects.countries).features) {
  const drawn = path(each);
  const code = (each.id && countries.numericToAlpha2(each.id)) || OWN_CODES[each.properties.name];
  if (!drawn || code === "AQ") continue;
  if (code) shapes[code] = drawn;
  else nameless.push(drawn);
}
const sorted = Object.entries(shapes).sort(([a], [b]) => (a < b ? -1 : 1));
const paths = [...sorted.map(([code, drawn]) => `<path id="${code}" d="${drawn}"/>`), ...nameless.map((drawn) => `<path d="${drawn}"/>`)];
writeFileSync(
  new URL("src/files/world.svg", import.meta.url),
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 468"><!-- Natural Earth, public domain -->\n<g id="world">\n${paths.join("\n")}\n</g>\n</svg>\n`,
);
