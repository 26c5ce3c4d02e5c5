import assert from "node:assert/strict";
import { test } from "node:test";
import { ago, inZone } from "../src/everywhere/moments";

const MOMENT = new Date("2026-03-29T00:30:00Z");

test("a moment is written as the node writes it, in UTC and across a change of clocks", () => {
  assert.deepEqual(inZone(MOMENT, "UTC"), { text: "2026-03-29 00:30", zone: "UTC" });
  assert.equal(inZone(MOMENT, "Europe/Berlin").text, "2026-03-29 01:30");
  assert.equal(inZone(new Date("2026-03-29T01:00:00Z"), "Europe/Berlin").text, "2026-03-29 03:00");
  assert.equal(inZone(MOMENT, "Asia/Kolkata").text, "2026-03-29 06:00");
  assert.equal(inZone(new Date("2026-01-01T00:00:00Z"), "UTC").text, "2026-01-01 00:00");
});

test("how long ago is told by the largest unit that fits, in the language of the page", () => {
  const after = (seconds: number) => new Date(MOMENT.getTime() + seconds * 1000);
  assert.equal(ago(MOMENT, after(59), "en"), "59 seconds ago");
  assert.equal(ago(MOMENT, after(60), "en"), "1 minute ago");
  assert.equal(ago(MOMENT, after(7199), "en"), "1 hour ago");
  assert.equal(ago(MOMENT, after(-2 * 86_400), "en"), "in 2 days");
  assert.equal(ago(MOMENT, after(3 * 86_400), "de"), "vor 3 Tagen");
  assert.equal(ago(MOMENT, after(400 * 86_400), "en"), "last year");
  assert.equal(ago(MOMENT, MOMENT, "en"), "now");
});
