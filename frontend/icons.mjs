// Writes src/files/icons.svg from Lucide's drawings (ISC licence, lucide.dev). To add an icon, name it here, then:
// `npm install --no-save lucide-static@1.62.0 && node icons.mjs`. The sprite is kept in the repository, the package (67 MB) is not installed otherwise.
import { readFileSync, writeFileSync } from "node:fs";

// what pages do and have, by the name that templates use
const acts = {
  home: "house", search: "search", inbox: "inbox", graph: "waypoints", matrix: "grid-3x3", map: "map", timeline: "chart-gantt", share: "share-2",
  policy: "scale", peers: "radio-tower", hunt: "crosshair", alert: "siren", admin: "sliders-horizontal", import: "file-down", export: "file-up",
  user: "circle-user", users: "users", settings: "settings", look: "contrast", copy: "copy", external: "external-link", check: "check", close: "x", warning: "triangle-alert",
  info: "info", error: "circle-x", lock: "lock", unlock: "lock-open", eye: "eye", "eye-off": "eye-off", clock: "clock", plus: "plus", minus: "minus", edit: "pencil",
  delete: "trash-2", more: "ellipsis", menu: "menu", back: "arrow-left", next: "chevron-right", previous: "chevron-left", down: "chevron-down", up: "chevron-up",
  filter: "list-filter", sort: "arrow-up-down", star: "star", bookmark: "bookmark", bell: "bell", key: "key-round", passkey: "fingerprint", log: "scroll-text", job: "list-checks",
  health: "activity", backup: "database-backup", metrics: "chart-line", refresh: "refresh-cw", undo: "undo-2", play: "play", stop: "square", download: "download",
  upload: "upload", link: "link", send: "send", why: "circle-help", terminal: "square-terminal", api: "braces", feed: "rss", webhook: "webhook", globe: "globe",
  language: "languages", moon: "moon", sun: "sun", keyboard: "keyboard", "sign-in": "log-in", "sign-out": "log-out", shield: "shield", "shield-check": "shield-check",
  case: "folder-kanban", calendar: "calendar", tag: "tag", agreement: "handshake", community: "hexagon", bot: "bot", book: "book-open", new: "sparkles", rows: "rows-3", law: "landmark",
};

// object types of STIX 2.1, by their own names
const types = {
  "attack-pattern": "sword", campaign: "flag", "course-of-action": "shield-plus", grouping: "group", identity: "id-card", incident: "flame", indicator: "radar",
  infrastructure: "server", "intrusion-set": "venetian-mask", location: "map-pin", malware: "bug", "malware-analysis": "microscope", note: "sticky-note",
  "observed-data": "binoculars", opinion: "message-square-quote", report: "file-text", "threat-actor": "hat-glasses", tool: "wrench", vulnerability: "bug-off",
  relationship: "spline", sighting: "scan-eye", "marking-definition": "stamp", "language-content": "languages", "extension-definition": "puzzle", bundle: "package",
  artifact: "file-archive", "autonomous-system": "network", directory: "folder", "domain-name": "globe", "email-addr": "at-sign", "email-message": "mail",
  file: "file", "ipv4-addr": "map-pinned", "ipv6-addr": "map-pinned", "mac-addr": "ethernet-port", mutex: "lock-keyhole", "network-traffic": "arrow-left-right", process: "cpu",
  software: "app-window", url: "link", "user-account": "user-round", "windows-registry-key": "key-square", "x509-certificate": "badge-check", object: "box",
};

const folder = new URL("node_modules/lucide-static/icons/", import.meta.url);
const symbols = Object.entries({ ...acts, ...types }).map(([name, drawing]) => {
  const svg = readFileSync(new URL(`${drawing}.svg`, folder), "utf8");
  const inner = svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.lastIndexOf("</svg>"));
  return `<symbol id="${name}" viewBox="0 0 24 24">${inner.replace(/\s*\n\s*/g, "").replaceAll(" />", "/>")}</symbol>`;
});
writeFileSync(
  new URL("src/files/icons.svg", import.meta.url),
  `<svg xmlns="http://www.w3.org/2000/svg"><!-- Lucide 1.62.0, ISC License, Copyright (c) Lucide Contributors -->\n${symbols.join("\n")}\n</svg>\n`,
);
