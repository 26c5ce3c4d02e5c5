// Keys that mean something everywhere. Nothing happens while someone types, and never with a modifier but for Ctrl-K (Cmd-K).
import { show } from "./dialogs";
import { openPalette } from "./islands";
import { choose } from "./look";

const WAIT = 1200; // ms between `g` and the letter after it
let began = -Infinity;

/** Return whether keys go into a field. */
export function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName) && (target as HTMLInputElement).type !== "checkbox");
}

/** Listen. */
export function startKeys(): void {
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k" && !event.altKey) {
      if (openPalette()) event.preventDefault();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    if (press(event.key)) event.preventDefault();
  });
}

function press(key: string): boolean {
  const leading = performance.now() - began < WAIT;
  began = -Infinity;
  if (leading) {
    const link = document.querySelector<HTMLAnchorElement>(`nav.main a[data-key="${CSS.escape(key)}"]`);
    link?.click();
    return Boolean(link);
  }
  switch (key) {
    case "g":
      began = performance.now();
      return true;
    case "/": {
      const field = document.querySelector<HTMLInputElement>("main [role=search] input[type=search], #top-q");
      field?.focus();
      field?.select();
      return Boolean(field);
    }
    case "?":
      return show("keys");
    case "t":
      void choose("times", document.documentElement.dataset["times"] === "mine" ? "utc" : "mine");
      return true;
    default:
      return false;
  }
}
