// Dialogs are the browser's own; this opens them, and closes them where one presses beside.

/** Open a dialog by its id; false if there is none. */
export function show(id: string): boolean {
  const found = document.getElementById(id);
  if (!(found instanceof HTMLDialogElement)) return false;
  if (!found.open) found.showModal();
  return true;
}

/** Let `data-dialog="ID"` open a dialog. */
export function startDialogs(): void {
  document.addEventListener("click", (event) => {
    const target = event.target as Element;
    const opener = target.closest<HTMLElement>("[data-dialog]");
    if (opener) {
      opener.closest<HTMLElement>("[popover]")?.hidePopover();
      show(opener.dataset["dialog"] ?? "");
    } else if (target instanceof HTMLDialogElement) {
      target.close();
    }
  });
}
