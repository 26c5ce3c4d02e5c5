// More than the page shows has arrived: a line says so, and nothing moves until it is pressed; then the page is renewed where it is, without being
// loaded again. While nobody looks, nothing is asked.
import { writeTimes } from "./times";

/** Follow what each `[data-live="PATH"]` names: server-sent events `arrived` with the words to show. */
export function startLive(): void {
  for (const place of document.querySelectorAll<HTMLElement>("[data-live]")) follow(place, place.dataset["live"] ?? "");
}

function follow(place: HTMLElement, path: string): void {
  const over = new AbortController();
  const button = place.querySelector("button");
  let source: EventSource | undefined;
  const begin = () => {
    source = new EventSource(path);
    source.addEventListener("arrived", (event) => {
      if (button) button.textContent = event.data;
      place.hidden = false;
    });
  };
  button?.addEventListener("click", () => {
    over.abort();
    source?.close();
    void renew();
  });
  document.addEventListener(
    "visibilitychange",
    () => {
      source?.close();
      if (!document.hidden) begin();
    },
    { signal: over.signal },
  );
  if (!document.hidden) begin();
}

async function renew(): Promise<void> {
  const at = new URL(location.href);
  at.searchParams.delete("undo"); // of a decision long since
  const main = document.querySelector("main");
  try {
    const answer = await fetch(at, { headers: { Accept: "text/html" } });
    const made = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
    if (!answer.ok || !made || !main) throw new Error(String(answer.status));
    main.replaceChildren(...made.childNodes);
  } catch {
    return location.reload(); // which says what is wrong
  }
  writeTimes(main);
  startLive();
  main.focus();
}
