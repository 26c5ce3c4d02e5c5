// Builds src/ into the folder that the node serves: each file under a name with its hash, and a manifest that says which.
// Entries are src/*.ts and src/*.css; what lies in src/files is taken as it is. `node build.mjs FOLDER` builds elsewhere.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const target = process.argv[2] ?? join(here, "../src/tocsin/server/static");
const source = join(here, "src");

const entries = readdirSync(source).filter((name) => /^[a-z-]+\.(ts|css)$/.test(name));
const built = await build({
  entryPoints: entries.map((name) => join(source, name)),
  outdir: target,
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2023", "chrome120", "firefox121", "safari17.4"],
  legalComments: "none",
  write: false,
  loader: { ".woff2": "file", ".svg": "file" },
  assetNames: "[name]-[hash]",
  publicPath: "/static",
  logLevel: "warning",
});

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
const manifest = {};

function keep(name, content) {
  const extension = extname(name);
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 12);
  // what esbuild itself names (fonts in styles) is named with a hash already
  const served = /-[A-Z0-9]{8}\./.test(name) ? name : `${basename(name, extension)}-${hash}${extension}`;
  writeFileSync(join(target, served), content);
  manifest[name] = served;
}

for (const file of built.outputFiles) keep(basename(file.path), file.contents);
for (const name of readdirSync(join(source, "files"))) keep(name, readFileSync(join(source, "files", name)));
writeFileSync(join(target, "manifest.json"), JSON.stringify(manifest, null, 1) + "\n");
