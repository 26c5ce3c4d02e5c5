// One key decides about the row that the keys are at: the button there with `data-act` of that key is pressed. Where boxes are ticked, it
// decides about all of those (`data-many`). A decision about one row goes to the node beside the page: the row is gone at once, the keys are at
// the next, and what the node says comes into place when it comes, in order. Without this every button is a form, and a page comes back.
import { typing } from "./keys";
import { goTo, here } from "./lists";
import { reason, toast } from "./toasts";
import { word } from "./words";

const PLACE = "tocsin-row";
const ROW = "table.triage > tbody > tr";
let sent: Promise<void> = Promise.resolve();
let waiting = 0;

/** Listen, and go on where the last decision was made. */
export function startDeciding(): void {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || typing(event.target) || document.querySelector("dialog[open]")) return;
    if (!/^[a-z]$/.test(event.key)) return;
    if (event.key === "u") return takeBack(event);
    const many = document.querySelector(`${ROW} input[type=checkbox]:checked`);
    const button = many
      ? document.querySelector<HTMLButtonElement>(`button[data-many="${event.key}"]`)
      : here()?.querySelector<HTMLButtonElement>(`button[data-act="${event.key}"]`);
    if (!button) return;
    event.preventDefault();
    button.click();
  });
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    const row = button?.closest<HTMLElement>(ROW);
    if (!(button instanceof HTMLButtonElement) || !row) return keepPlace(here());
    event.preventDefault();
    decide(row, button);
  });
  window.addEventListener("beforeunload", (event) => {
    if (waiting) event.preventDefault(); // decisions are on their way
  });
  const place = sessionStorage.getItem(PLACE);
  sessionStorage.removeItem(PLACE);
  const all = rows();
  const row = all[Math.min(Number(place ?? "0"), all.length - 1)];
  if (row && place !== null) goTo(row);
}

function rows(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>(ROW)].filter((each) => !each.hidden);
}

function keepPlace(row: HTMLElement | null): void {
  if (row) sessionStorage.setItem(PLACE, String(rows().indexOf(row)));
}

// what was decided last is known when the node has said so
function takeBack(event: KeyboardEvent): void {
  if (!waiting && !document.querySelector('.alert button[data-act="u"]')) return;
  event.preventDefault();
  void sent.then(() => document.querySelector<HTMLButtonElement>('.alert button[data-act="u"]')?.click());
}

function decide(row: HTMLElement, button: HTMLButtonElement): void {
  const form = button.form;
  if (!form || row.hidden) return;
  const body = new URLSearchParams([...new FormData(form, button)].map(([name, value]) => [name, String(value)]));
  const all = rows();
  const at = all.indexOf(row);
  const next = all[at + 1] ?? all[at - 1];
  const box = row.querySelector<HTMLInputElement>("input[type=checkbox]");
  if (box?.checked) box.click(); // it is decided about alone
  row.hidden = true;
  if (next) goTo(next);
  waiting += 1;
  sent = sent.then(() => send(row, form.action, body)).finally(() => {
    waiting = Math.max(waiting - 1, 0);
    if (!waiting && !rows().length) goOn();
  });
}

// what else waits, or that nothing does, with the way back from what was decided last; what went wrong stays to be read
function goOn(): void {
  if (document.querySelector('#decided [role="alert"]')) return;
  const back = [...document.querySelectorAll<HTMLInputElement>('#decided input[name="item"]')].map((each) => each.value);
  location.assign(back.length ? `/triage?undo=${back.join(",")}` : "/triage");
}

async function send(row: HTMLElement, path: string, body: URLSearchParams): Promise<void> {
  let answer: Response;
  try {
    answer = await fetch(path, { method: "POST", body, headers: { "HX-Request": "true", Accept: "text/html" } });
  } catch {
    return keep(row, word("unreachable"));
  }
  const away = answer.headers.get("HX-Redirect");
  if (away) {
    waiting = 0; // signed out meanwhile: what was not decided waits for who comes back
    return location.assign(away);
  }
  const text = await answer.text();
  if (answer.status !== 200 && answer.status !== 422) return keep(row, reason(text) || word("failed"));
  const said = new DOMParser().parseFromString(text, "text/html");
  document.getElementById("decided")?.replaceChildren(...said.querySelectorAll(".alert"));
  const now = said.querySelector<HTMLElement>("tbody > tr");
  if (now) row.replaceWith(now);
  else if (answer.ok || body.get("item")?.startsWith("alert:")) row.remove();
  else row.hidden = false;
}

// nothing is lost: it still waits here, and is decided about again
function keep(row: HTMLElement, why: string): void {
  row.hidden = false;
  toast(why, "danger");
}
