// The wallets of docs/WALLETS.md: each row of its table, with the lines that it refers to.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

const page = readFileSync(new URL("../../docs/WALLETS.md", import.meta.url), "utf8");
const pinned = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8")).dependencies;

// Reads the page. The versions in the table are those that are installed, and no lines are without a row.
export function readWallets() {
  const lines = new Map(Array.from(page.matchAll(/^### (.+)\n[^#]*?```js\n([^]*?)```$/gm), ([, title, code]) => [title, code]));
  const rows = Array.from(page.matchAll(/^\| `([^`]+)` \| ([\d.]+) \| (.+) \| (HTTP|MCP) \| \[(.+)\]\(#(.+)\) \|$/gm));
  assert.equal(new Set(rows.map(([, , , , , title]) => title)).size, lines.size, "the table and the lines do not fit each other");
  return rows.map(([, client, version, scheme, carrier, title, anchor]) => {
    assert.equal(version, pinned[client], `docs/WALLETS.md has ${client} ${version}, installed is ${pinned[client]}`);
    assert.equal(anchor, title.toLowerCase().replaceAll(/[^a-z0-9 -]/g, "").replaceAll(" ", "-"));
    assert.ok(lines.has(title), `docs/WALLETS.md has no lines for ${title}`);
    return { client, version, scheme, carrier, title, code: lines.get(title) };
  });
}
