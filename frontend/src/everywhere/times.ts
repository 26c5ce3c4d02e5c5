// Times in UTC or in the reader's zone, changed where they stand; "3 minutes ago" is kept true.
import { ago, inZone } from "./moments";

const MINUTE = 60_000;
const root = document.documentElement;

/** Write all times below `place` as the page wants them. */
export function writeTimes(place: ParentNode = document): void {
  const zone = root.dataset["times"] === "mine" ? (root.dataset["zone"] ?? "UTC") : "UTC";
  const now = new Date();
  for (const each of place.querySelectorAll("time[datetime]")) {
    const moment = new Date(each.getAttribute("datetime") ?? "");
    const name = each.querySelector("abbr");
    if (Number.isNaN(moment.getTime()) || !name) continue;
    const relative = each.parentElement?.classList.contains("ago");
    const told = inZone(moment, zone);
    const passed = ago(moment, now, root.lang);
    each.firstChild!.textContent = relative ? passed : `${told.text} `;
    name.textContent = relative ? "" : told.zone;
    each.setAttribute("title", `${relative ? `${told.text} ${told.zone}` : passed} · ${each.getAttribute("datetime")}`);
  }
}

/** Keep times as the page wants them: on arrival only those that the server did not write so already. */
export function startTimes(): void {
  if (document.querySelector(".ago")) writeTimes();
  document.addEventListener("htmx:afterSwap", (event) => writeTimes(event.target as HTMLElement));
  setInterval(() => { if (!document.hidden && document.querySelector(".ago")) writeTimes(); }, MINUTE);
}
