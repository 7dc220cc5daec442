// How a stock seller declares what it sells; and that the stock validators take what chit announces.
import { readFileSync } from "node:fs";
import { bazaarResourceServerExtension, declareDiscoveryExtension, validateDiscoveryExtension, validateDiscoveryExtensionSpec } from "@x402/extensions/bazaar";

const inputSchema = { type: "object", properties: { q: { type: "string" } }, required: ["q"] };
const over = (method, path, routePattern, declared) =>
  bazaarResourceServerExtension.enrichDeclaration(declared.bazaar, { method, routePattern, adapter: { getPath: () => path } });

export function bazaar() {
  const stock = {
    mcp: declareDiscoveryExtension({
      toolName: "search", description: "Search the web", transport: "streamable-http", inputSchema, example: { q: "go" }, output: { example: { n: 1 } },
    }).bazaar,
    get: over("GET", "/items/7", "/items/:id", declareDiscoveryExtension({
      input: { pages: 3 }, inputSchema: { properties: { pages: { type: "number" } } }, output: { example: { ok: true } },
    })),
    post: over("POST", "/search", "/search", declareDiscoveryExtension({ bodyType: "json", input: { q: "go" }, inputSchema })),
  };
  const announced = JSON.parse(readFileSync(new URL("../../x402/extension/testdata/bazaar-announced.json", import.meta.url), "utf8"));
  for (const [name, value] of Object.entries({ ...stock, ...announced })) {
    for (const validate of [validateDiscoveryExtension, validateDiscoveryExtensionSpec]) {
      const { valid, errors } = validate(value);
      if (!valid) throw new Error(`${name}: ${errors.join("; ")}`);
    }
  }
  return stock;
}
