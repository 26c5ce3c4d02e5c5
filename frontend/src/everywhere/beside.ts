// A closer look at an object beside the page one is on: `p` in a list, or a button with `data-peek-at`.
import { typing } from "./keys";
import { here, linkOf } from "./lists";
import { writeTimes } from "./times";
import { toast } from "./toasts";
import { word } from "./words";

const OBJECT = /^\/objects\/[^/?#]+$/;
let opener: Element | null = null;

/** Listen. */
export function startBeside(): void {
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return close();
    if (event.key !== "p" || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const row = here();
    const link = row && linkOf(row);
    if (link) void open(link.pathname);
  });
  document.addEventListener("tocsin:row", (event) => {
    const link = linkOf(event.target as Element);
    if (link && !panel()?.hidden) void open(link.pathname);
  });
  document.addEventListener("click", (event) => {
    const target = event.target as Element;
    if (target.closest("#peek [data-close]")) return close();
    const button = target.closest<HTMLElement>("[data-peek-at]");
    if (button?.dataset["peekAt"]) void open(button.dataset["peekAt"]);
  });
}

function panel(): HTMLElement | null {
  return document.getElementById("peek");
}

async function open(path: string): Promise<void> {
  const place = panel();
  if (!place || !OBJECT.test(path)) return;
  try {
    const answer = await fetch(`${path}/peek`, { headers: { "HX-Request": "true", Accept: "text/html" } });
    if (!answer.ok) throw new Error(String(answer.status));
    place.querySelector(".inside")!.innerHTML = await answer.text();
  } catch {
    return toast(word("failed"), "danger");
  }
  place.querySelector("a")!.href = path;
  if (place.hidden) opener = document.activeElement;
  place.hidden = false;
  writeTimes(place);
}

function close(): void {
  const place = panel();
  if (!place || place.hidden) return;
  place.hidden = true;
  if (place.contains(document.activeElement) && opener instanceof HTMLElement) opener.focus();
}
