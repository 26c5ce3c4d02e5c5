// Short messages in a corner, and what of requests fails.
import { word } from "./words";

const STAYS = 6000; // ms; what went wrong stays until it is closed

/** Tell something in passing; `danger` stays until it is closed. */
export function toast(text: string, tone: "" | "danger" = ""): void {
  const place = document.getElementById("toasts");
  if (!place) return;
  const made = document.createElement("div");
  made.className = "toast";
  made.dataset.tone = tone;
  const said = document.createElement("p");
  said.textContent = text;
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = word("close");
  close.addEventListener("click", () => made.remove());
  made.append(said, close);
  place.append(made);
  if (tone !== "danger") setTimeout(() => made.remove(), STAYS);
}

/** Tell of requests of htmx that the node refuses or that do not reach it. */
export function startFailures(): void {
  document.addEventListener("htmx:responseError", (event) => {
    const { xhr } = (event as CustomEvent<{ xhr: XMLHttpRequest }>).detail;
    toast(reason(xhr.responseText) || word("failed"), "danger");
  });
  document.addEventListener("htmx:sendError", () => toast(word("unreachable"), "danger"));
  document.addEventListener("htmx:timeout", () => toast(word("unreachable"), "danger"));
}

/** Return what is wrong from a page that says so: its heading and what stands below it. */
export function reason(html: string): string {
  const page = new DOMParser().parseFromString(html, "text/html");
  const parts = [page.querySelector("h1"), page.querySelector("h1 ~ p, .head ~ p")];
  return parts.map((each) => each?.textContent?.trim()).filter(Boolean).join(": ");
}
