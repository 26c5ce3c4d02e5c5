// Builds src/ into the folder that the node serves: each file under a name with its hash, a manifest that says which, and the licences of what is in it.
// Entries are src/*.ts (`main` on every page, the rest islands that pages load when they need them) and src/*.css; what lies in src/files is taken
// as it is. `node build.mjs FOLDER` builds elsewhere.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const target = process.argv[2] ?? join(here, "../src/tocsin/server/static");
const source = join(here, "src");
const OWN_HASH = /-[A-Z0-9]{8}(?=\.)/; // what esbuild names itself: fonts, and what islands share

// `@import "every-page-style"` is every file of style/pages, so that a page brings its own without a list that all pages would have to change
const pageStyles = {
  name: "page-styles",
  setup(made) {
    const folder = join(source, "style/pages");
    made.onResolve({ filter: /^every-page-style$/ }, (asked) => ({ path: asked.path, namespace: "page-styles" }));
    made.onLoad({ filter: /.*/, namespace: "page-styles" }, () => ({
      contents: readdirSync(folder).filter((name) => name.endsWith(".css")).sort().map((name) => `@import "./${name}";`).join("\n"),
      loader: "css",
      resolveDir: folder,
    }));
  },
};

const entries = readdirSync(source).filter((name) => /^[a-z-]+\.(ts|css)$/.test(name));
const built = await build({
  entryPoints: entries.map((name) => join(source, name)),
  outdir: target,
  bundle: true,
  splitting: true,
  minify: true,
  format: "esm",
  target: ["es2023", "chrome123", "firefox121", "safari17.5"],
  legalComments: "none",
  metafile: true,
  write: false,
  loader: { ".woff2": "file", ".svg": "file" },
  assetNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  publicPath: "/static",
  plugins: [pageStyles],
  logLevel: "warning",
});

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
const manifest = {};

function keep(name, content) {
  const extension = extname(name);
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 12);
  const served = OWN_HASH.test(name) ? name : `${basename(name, extension)}-${hash}${extension}`;
  writeFileSync(join(target, served), content);
  manifest[name.replace(OWN_HASH, name.startsWith("chunk-") ? "$&" : "")] = served;
}

// Every licence asks for its text to go with what it covers.
function licences() {
  const folders = new Set(Object.keys(built.metafile.inputs).map((path) => /^node_modules\/(@[^/]+\/)?[^/]+/.exec(path)?.[0]).filter(Boolean));
  return [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(here, folder, "package.json"), "utf8"));
    const file = ["LICENSE", "LICENSE.md", "LICENSE.txt"].map((each) => join(here, folder, each)).find(existsSync);
    return `${name} ${version} (${license})\n\n${file ? readFileSync(file, "utf8") : ""}`;
  }).join(`\n${"=".repeat(78)}\n\n`);
}

for (const file of built.outputFiles) keep(basename(file.path), file.contents);
for (const name of readdirSync(join(source, "files"))) keep(name, readFileSync(join(source, "files", name)));
keep("licences.txt", licences());
writeFileSync(join(target, "manifest.json"), JSON.stringify(manifest, null, 1) + "\n");
