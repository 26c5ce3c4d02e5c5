// `data-copy="TEXT"` on a button copies it; a `code` with `data-copy` gets such a button; `data-copy-call="PATH"` copies a call of the REST interface.
import { toast } from "./toasts";
import { word } from "./words";

/** Return the command line that asks the REST interface of a node for a path. */
export function callOf(origin: string, path: string): string {
  return `curl -H "Authorization: Bearer $TOCSIN_TOKEN" '${origin}${path.replaceAll("'", "%27")}'`;
}

async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toast(word("copied"));
  } catch {
    toast(word("not_copied"), "danger");
  }
}

/** Listen. */
export function startCopying(): void {
  document.addEventListener("click", (event) => {
    const found = (event.target as Element).closest<HTMLElement>("[data-copy], [data-copy-call]");
    if (!found || getSelection()?.toString()) return;
    const path = found.dataset["copyCall"];
    void copy(path ? callOf(location.origin, path) : found.dataset["copy"] || (found.textContent ?? "").trim());
  });
}
