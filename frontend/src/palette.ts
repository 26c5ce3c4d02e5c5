// The palette (Ctrl-K): pages, actions, and what the node offers for what is typed or pasted. Each offer is a link, so that it opens as links do.
import { LitElement, html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { ref, createRef } from "lit/directives/ref.js";
import { choose } from "./everywhere/look";
import { show } from "./everywhere/dialogs";

/** What the node offers: `path` to go to, or something this page does by itself. */
interface Offer {
  text: string;
  about: string;
  path: string;
  icon: string;
}

const PAUSE = 120; // ms after a key before the node is asked

class Palette extends LitElement {
  static override properties = { offers: { state: true }, at: { state: true }, text: { state: true } };
  declare offers: Offer[];
  declare at: number;
  declare text: string;
  private readonly dialog = createRef<HTMLDialogElement>();
  private asked = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    [this.offers, this.at, this.text] = [[], 0, ""];
  }

  // in the page itself, where its styles are
  override createRenderRoot(): this {
    return this;
  }

  async open(): Promise<void> {
    this.hidden = false;
    await this.updateComplete;
    this.text = "";
    void this.ask();
    if (!this.dialog.value?.open) this.dialog.value?.showModal();
    this.querySelector("input")?.focus();
  }

  private typed(event: Event): void {
    this.text = (event.target as HTMLInputElement).value;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.ask(), PAUSE);
  }

  private async ask(): Promise<void> {
    const turn = ++this.asked;
    const answer = await fetch(`/palette?q=${encodeURIComponent(this.text.slice(0, 500))}`, { headers: { Accept: "text/html" } }).catch(() => null);
    if (turn !== this.asked) return;
    this.offers = answer?.ok ? ((await answer.json()) as { items: Offer[] }).items : [];
    this.at = 0;
  }

  private key(event: KeyboardEvent): void {
    const most = this.offers.length - 1;
    if (event.key === "ArrowDown") this.at = this.at >= most ? 0 : this.at + 1;
    else if (event.key === "ArrowUp") this.at = this.at <= 0 ? Math.max(most, 0) : this.at - 1;
    else if (event.key === "Enter") this.querySelector<HTMLAnchorElement>(`#offer-${this.at}`)?.click();
    else return;
    event.preventDefault();
    void this.updateComplete.then(() => this.querySelector(`#offer-${this.at}`)?.scrollIntoView({ block: "nearest" }));
  }

  // `#keys` and `#theme-dark` are done here and now
  private go(event: Event, offer: Offer): void {
    if (!offer.path.startsWith("#")) return;
    event.preventDefault();
    this.dialog.value?.close();
    const [name, value] = offer.path.slice(1).split("-");
    if (value) void choose(name as "theme", value);
    else show(name ?? "");
  }

  override render(): TemplateResult {
    const icons = document.querySelector(".icon use")?.getAttribute("href")?.split("#")[0] ?? "";
    const { label, hint, none } = this.dataset;
    return html`<dialog class="palette" aria-label=${label ?? ""} ${ref(this.dialog)}>
      <input type="search" role="combobox" aria-label=${label ?? ""} aria-expanded="true" aria-controls="offers" aria-autocomplete="list" aria-activedescendant=${this.offers.length ? `offer-${this.at}` : nothing}
        placeholder=${hint ?? ""} autocomplete="off" spellcheck="false" .value=${live(this.text)} @input=${this.typed} @keydown=${this.key}>
      <div id="offers" role="listbox" aria-label=${label ?? ""}>
        ${this.offers.map((offer, index) => html`<a id="offer-${index}" role="option" tabindex="-1" aria-selected=${index === this.at} href=${offer.path} @click=${(event: Event) => this.go(event, offer)} @mousemove=${() => { this.at = index; }}>
          <svg class="icon" aria-hidden="true"><use href="${icons}#${offer.icon}"></use></svg><span dir="auto">${offer.text}</span><small>${offer.about}</small></a>`)}
      </div>
      ${this.offers.length || !this.text ? nothing : html`<p class="note">${none}</p>`}
    </dialog>`;
  }
}

customElements.define("tocsin-palette", Palette);
