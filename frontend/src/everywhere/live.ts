// More than the page shows has arrived: a line says so, and nothing moves until it is pressed. While nobody looks, nothing is asked.

/** Follow what each `[data-live="PATH"]` names: server-sent events `arrived` with the words to show. */
export function startLive(): void {
  for (const place of document.querySelectorAll<HTMLElement>("[data-live]")) follow(place, place.dataset["live"] ?? "");
}

function follow(place: HTMLElement, path: string): void {
  let source: EventSource | undefined;
  const button = place.querySelector("button");
  const begin = () => {
    source = new EventSource(path);
    source.addEventListener("arrived", (event) => {
      if (button) button.textContent = event.data;
      place.hidden = false;
    });
  };
  button?.addEventListener("click", () => location.reload());
  document.addEventListener("visibilitychange", () => {
    source?.close();
    if (!document.hidden && place.hidden) begin();
  });
  if (!document.hidden) begin();
}
