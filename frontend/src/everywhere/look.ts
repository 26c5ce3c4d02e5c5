// Colours, density and times change where one is; the form behind them works without scripts, too.
import { writeTimes } from "./times";
import { toast } from "./toasts";
import { word } from "./words";

const root = document.documentElement;

/** Change one thing of how pages look, and have the node remember it. */
export async function choose(name: "theme" | "density" | "times", value: string): Promise<void> {
  const body = new URLSearchParams({ [name]: value });
  root.dataset[name] = value;
  if (name === "times") {
    root.dataset["zone"] = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (value === "mine") body.set("zone", root.dataset["zone"]);
    writeTimes();
  }
  for (const button of document.querySelectorAll(`[data-look] button[name="${name}"]`)) {
    button.setAttribute("aria-pressed", String(button.getAttribute("value") === value));
  }
  try {
    await fetch("/look", { method: "POST", body, headers: { "HX-Request": "true" } });
  } catch {
    toast(word("unreachable"), "danger");
  }
}

/** Take what the menu of appearances is pressed for. */
export function startLook(): void {
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!(event.target as Element).matches("[data-look]") || !(button instanceof HTMLButtonElement)) return;
    event.preventDefault();
    void choose(button.name as "theme", button.value);
  });
}
