// One key decides about the row that the keys are at: the button there with `data-act` of that key is pressed. The page that comes
// back begins at the row that is in its place then, so that a hundred items are a hundred keys.
import { typing } from "./keys";
import { goTo, here } from "./lists";

const PLACE = "tocsin-row";
const TABLE = "table.triage > tbody > tr";

/** Listen, and go on where the last decision was made. */
export function startDeciding(): void {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
    if (!/^[a-z]$/.test(event.key)) return;
    const row = here();
    const button = (row ?? document).querySelector<HTMLButtonElement>(`button[data-act="${event.key}"]`) ?? document.querySelector<HTMLButtonElement>(`.alert button[data-act="${event.key}"]`);
    if (!button || (!row && !button.closest(".alert"))) return;
    event.preventDefault();
    if (row) sessionStorage.setItem(PLACE, String([...document.querySelectorAll(TABLE)].indexOf(row)));
    button.click();
  });
  const rows = [...document.querySelectorAll<HTMLElement>(TABLE)];
  const place = sessionStorage.getItem(PLACE);
  sessionStorage.removeItem(PLACE);
  const row = rows[Math.min(Number(place ?? "0"), rows.length - 1)];
  if (row && place !== null) goTo(row);
}
