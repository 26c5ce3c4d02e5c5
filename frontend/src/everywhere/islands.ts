// Islands: web components that a page needs now and then, loaded when they are. `data-island="URL"` says from where, `data-when="wanted"` leaves it to others.

/** Load the islands of the page, those out of sight once they come into it. */
export function startIslands(): void {
  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      void load(target as HTMLElement);
    }
  }, { rootMargin: "200px" });
  for (const each of document.querySelectorAll<HTMLElement>("[data-island]:not([data-when])")) seen.observe(each);
}

/** Load an island. */
export function load(island: HTMLElement): Promise<unknown> {
  return import(island.dataset["island"] ?? "");
}

/** Open the palette; false on pages without. */
export function openPalette(): boolean {
  const palette = document.querySelector<HTMLElement & { open?: () => void }>("tocsin-palette");
  if (!palette) return false;
  void load(palette).then(() => palette.open?.());
  return true;
}
