// Bulk: a box that selects all of a table's, and a bar that shows itself once something is selected, with how much.

/** Listen. `[data-select-all]` selects all; `.chosen` is the bar, `.chosen [data-count]` says how many. */
export function startSelection(): void {
  document.addEventListener("change", (event) => {
    const box = event.target as HTMLInputElement;
    const form = box.type === "checkbox" ? box.form : null;
    if (!form) return;
    const boxes = [...form.querySelectorAll<HTMLInputElement>("tbody input[type=checkbox][name]")];
    if (box.matches("[data-select-all]")) for (const each of boxes) each.checked = box.checked;
    const count = boxes.filter((each) => each.checked).length;
    for (const all of form.querySelectorAll<HTMLInputElement>("[data-select-all]")) {
      all.checked = count > 0 && count === boxes.length;
      all.indeterminate = count > 0 && count < boxes.length;
    }
    for (const told of form.querySelectorAll("[data-count]")) told.textContent = String(count);
    for (const bar of form.querySelectorAll<HTMLElement>(".chosen")) bar.toggleAttribute("data-empty", count === 0);
  });
}
