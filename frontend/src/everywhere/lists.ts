// j and k go through the rows of a page's list, Enter opens, x selects. A list is a table or a list with `data-keys`.
import { typing } from "./keys";

const ROWS = ":is(table[data-keys] > tbody > tr, ul[data-keys] > li, ol[data-keys] > li)";

/** Return the row that the keys are at, if any. */
export function here(): HTMLElement | null {
  return document.querySelector<HTMLElement>(`${ROWS}.here`);
}

/** Return the link that a row is about. */
export function linkOf(row: Element): HTMLAnchorElement | null {
  return row.querySelector<HTMLAnchorElement>("a[data-peek], a[href^='/objects/'], a[href]");
}

/** Go to a row, as one goes with the keys. */
export function goTo(row: HTMLElement): void {
  here()?.classList.remove("here");
  row.classList.add("here");
  row.scrollIntoView({ block: "nearest" });
  (linkOf(row) ?? row).focus({ preventScroll: true });
  row.dispatchEvent(new CustomEvent("tocsin:row", { bubbles: true }));
}

/** Listen. */
export function startLists(): void {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
    const rows = [...document.querySelectorAll<HTMLElement>(ROWS)].filter((row) => row.offsetParent !== null);
    const at = rows.findIndex((row) => row.classList.contains("here"));
    if (event.key === "j" || event.key === "k") {
      const next = rows[event.key === "j" ? Math.min(at + 1, rows.length - 1) : Math.max(at - 1, 0)];
      if (!next) return;
      goTo(next);
    } else if (event.key === "x" && at >= 0) {
      rows[at]?.querySelector<HTMLInputElement>("input[type=checkbox]")?.click();
    } else {
      return;
    }
    event.preventDefault();
  });
  document.addEventListener("focusin", (event) => {
    const row = (event.target as Element).closest<HTMLElement>(ROWS);
    if (!row || row.classList.contains("here")) return;
    here()?.classList.remove("here");
    row.classList.add("here");
  });
}
