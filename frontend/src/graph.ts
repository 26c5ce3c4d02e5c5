// A graph to move about in: the node's own drawing, its marks where the node put them, taken over by WebGL. Where there is none, or only one
// that is slow, the drawing of the page stays. Keys go from mark to mark; what one is on is said.
import Graph from "graphology";
import Sigma from "sigma";
import type { NodeDisplayData } from "sigma/types";

interface Point { id: string; title: string; type: string; family: string; tlp: string; count: number; x: number; y: number; r: number; path: string; labelled: boolean; seed: boolean }
interface Stroke { source: string; target: string; how: string; count: number }
interface Drawing { points: Point[]; strokes: Stroke[] }

const FAMILIES = ["sign", "actor", "means", "word", "who", "value"];
const TURNS: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const MOVE = 200; // ms
const LONGEST = 28; // of a label
const LEAST = 140; // of a drawing, in the units of its marks

/** Whether there is WebGL; `quick`, that it is not made by the processor alone. */
function drawable(quick: boolean): boolean {
  return document.createElement("canvas").getContext("webgl2", { failIfMajorPerformanceCaveat: quick }) !== null;
}

class GraphBoard extends HTMLElement {
  private graph = new Graph({ multi: true });
  private sigma: Sigma | undefined;
  private colours: Record<string, string> = {};
  private near = new Set<string>();
  private at = "";
  private readonly board = document.createElement("div");
  private readonly said = document.createElement("p");

  connectedCallback(): void {
    document.addEventListener("click", (event) => {
      const button = (event.target as Element).closest<HTMLElement>("[data-png]");
      if (button?.dataset["png"]) void picture(button.dataset["png"]);
    });
    if (drawable(this.querySelector("svg") !== null)) void this.take();
  }

  private async take(): Promise<void> {
    const answer = await fetch(this.dataset["source"] ?? "", { headers: { Accept: "application/json" } }).catch(() => null);
    if (!answer?.ok) return; // the drawing of the page stays
    const drawing = (await answer.json()) as Drawing;
    if (!this.isConnected || !this.offsetWidth) return; // somebody has gone on
    this.fill(drawing);
    this.board.className = "board";
    this.board.tabIndex = 0;
    this.board.setAttribute("role", "application");
    this.board.setAttribute("aria-label", this.dataset["label"] ?? "");
    this.said.className = "said";
    this.said.setAttribute("role", "status");
    this.replaceChildren(this.board, this.said);
    this.look();
    this.sigma = new Sigma(this.graph, this.board, {
      labelFont: getComputedStyle(document.body).fontFamily,
      labelColor: { color: this.colours["ink"] ?? "#000000" },
      labelSize: 12,
      labelRenderedSizeThreshold: 5,
      labelDensity: 0.6,
      defaultEdgeColor: this.colours["line"] ?? "#888888",
      hideEdgesOnMove: this.graph.size > 3000,
      stagePadding: 40,
      zIndex: true,
      itemSizesReference: "positions",
      allowInvalidContainer: true, // the page may be left, or folded, while this is made
      nodeReducer: (id, data) => this.node(id, data),
      edgeReducer: (id, data) => (this.at && !this.graph.extremities(id).includes(this.at) ? { ...data, color: this.colours["faint"] } : data),
    });
    // a few marks keep their size: what is drawn is never less wide or high than this
    const { x, y } = this.sigma.getBBox();
    this.sigma.setCustomBBox({ x: widened(x), y: widened(y) });
    this.listen(this.sigma);
    performance.mark("graph-drawn");
    this.dispatchEvent(new Event("drawn"));
  }

  private fill({ points, strokes }: Drawing): void {
    for (const each of points) {
      const words = each.count > 1 ? `${each.count} × ${each.type}` : each.title;
      const label = words.length > LONGEST ? `${words.slice(0, LONGEST - 1)}…` : words;
      // the page counts downwards, this upwards
      this.graph.addNode(each.id, { x: each.x, y: -each.y, size: each.r, label, words, family: each.family, kind: each.type, path: each.path, group: each.count > 1, seed: each.seed, labelled: each.labelled });
    }
    for (const each of strokes) this.graph.addEdge(each.source, each.target, { size: Math.min(1 + Math.log2(each.count), 5), how: each.how });
  }

  // Colours are of the page: of its theme, and of what is chosen while one looks.
  private look(): void {
    const probe = this.said.appendChild(document.createElement("i"));
    const read = (colour: string): string => {
      probe.style.color = colour;
      return getComputedStyle(probe).color;
    };
    for (const family of FAMILIES) {
      probe.dataset["family"] = family;
      this.colours[family] = read("var(--family)");
    }
    for (const [name, token] of [["ink", "--ink"], ["line", "--edge"], ["faint", "--line"]] as const) this.colours[name] = read(`var(${token})`);
    probe.remove();
  }

  private node(id: string, data: Record<string, unknown>): Partial<NodeDisplayData> {
    const colour = this.colours[String(data["family"])];
    const here = id === this.at;
    const faint = this.at !== "" && !here && !this.near.has(id);
    return { ...data, color: faint ? this.colours["faint"] : colour, label: here || (!faint && (data["labelled"] === true || this.at !== "")) ? String(data["label"]) : null, highlighted: here, forceLabel: here || data["seed"] === true, zIndex: here ? 2 : faint ? 0 : 1 };
  }

  private listen(sigma: Sigma): void {
    sigma.on("clickNode", ({ node }) => (node === this.at ? this.open() : this.go(node)));
    sigma.on("doubleClickNode", ({ node, preventSigmaDefault }) => { preventSigmaDefault(); this.go(node); this.open(); });
    sigma.on("clickStage", () => this.go(""));
    this.board.addEventListener("keydown", (event) => this.key(event));
    const again = (): void => {
      this.look();
      sigma.setSettings({ labelColor: { color: this.colours["ink"] ?? "#000000" }, defaultEdgeColor: this.colours["line"] ?? "#888888" });
      sigma.refresh();
    };
    new MutationObserver(again).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const camera = this.sigma?.getCamera();
    const turn = TURNS[event.key];
    if (turn) this.step(turn);
    else if (event.key === "Enter") this.open();
    else if (event.key === "Escape" && this.at) this.go("");
    else if (event.key === "+") void camera?.animatedZoom({ duration: moving() });
    else if (event.key === "-") void camera?.animatedUnzoom({ duration: moving() });
    else if (event.key === "0") void camera?.animatedReset({ duration: moving() });
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // To the nearest mark that way, those with a link to where one is before all others.
  private step([dx, dy]: [number, number]): void {
    if (!this.at) return this.go(this.graph.findNode((_, data) => data["seed"] === true) ?? "");
    const from = this.graph.getNodeAttributes(this.at);
    let [best, least] = ["", Infinity];
    this.graph.forEachNode((id, to) => {
      const [x, y] = [to["x"] - from["x"], to["y"] - from["y"]];
      const along = x * dx + y * dy;
      const distance = Math.hypot(x, y);
      if (along < 0.5 * distance || id === this.at) return;
      const cost = (2 * distance - along) * (this.near.has(id) ? 1 : 3);
      if (cost < least) [best, least] = [id, cost];
    });
    if (best) this.go(best);
  }

  private go(id: string): void {
    this.at = id;
    this.near = new Set(id ? this.graph.neighbors(id) : []);
    this.sigma?.refresh({ skipIndexation: true });
    if (!id) return void (this.said.textContent = "");
    const data = this.graph.getNodeAttributes(id);
    this.said.textContent = `${data["kind"]}: ${data["words"]}${data["group"] ? ` (${this.dataset["group"]})` : ""} · ${this.graph.degree(id)} ${this.dataset["near"]}`;
    const shown = this.sigma?.getNodeDisplayData(id);
    const camera = this.sigma?.getCamera();
    if (shown && camera && camera.getState().ratio < 0.9) void camera.animate({ x: shown.x, y: shown.y }, { duration: moving() });
  }

  private open(): void {
    if (this.at) location.assign(String(this.graph.getNodeAttribute(this.at, "path")));
  }
}

function widened([low, high]: [number, number]): [number, number] {
  const more = Math.max(0, LEAST - (high - low)) / 2;
  return [low - more, high + more];
}

function moving(): number {
  return matchMedia("(prefers-reduced-motion: reduce)").matches ? 1 : MOVE;
}

// The file that the node draws, as pixels.
async function picture(path: string): Promise<void> {
  const answer = await fetch(path);
  if (!answer.ok) return;
  const image = new Image();
  const address = URL.createObjectURL(new Blob([await answer.blob()], { type: "image/svg+xml" }));
  image.src = address;
  await image.decode();
  const scale = Math.min(2, 8000 / Math.max(image.width, image.height));
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width * scale, image.height * scale];
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(address);
  const link = document.createElement("a");
  link.download = "tocsin-graph.png";
  link.href = canvas.toDataURL("image/png");
  link.click();
}

customElements.define("tocsin-graph", GraphBoard);
