import assert from "node:assert/strict";
import { test } from "node:test";
import { callOf } from "../src/everywhere/copying";

test("a path cannot leave the quotation marks of a command", () => {
  const call = callOf("https://node.example", "/api/v1/search?q=x' ; rm -rf / '");
  assert.equal(call, `curl -H "Authorization: Bearer $TOCSIN_TOKEN" 'https://node.example/api/v1/search?q=x%27 ; rm -rf / %27'`);
});
