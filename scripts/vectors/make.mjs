// Writes x402/testdata/*.json, x402/mpp/testdata/mppx.json, x402/extension/testdata/bazaar-stock.json, vouchers/testdata/x402-vectors.json and
// escrow/transfer/testdata/x402-vectors.json with the packages @x402/core, @x402/evm, @x402/extensions and mppx: npm ci --legacy-peer-deps, then node make.mjs.
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { bazaar } from "./bazaar.mjs";
import { documents } from "./documents.mjs";
import { channels } from "./channels.mjs";
import { mpp } from "./mpp.mjs";
import { receiptDocuments, receipts } from "./receipts.mjs";
import { transfers } from "./transfers.mjs";
import { payments } from "./payments.mjs";

function write(path, value) {
  const file = fileURLToPath(new URL(`../../${path}`, import.meta.url));
  mkdirSync(fileURLToPath(new URL("./", `file://${file}`)), { recursive: true });
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}

for (const [name, value] of Object.entries(await documents())) write(`x402/testdata/${name}.json`, value);
write("vouchers/testdata/x402-vectors.json", await channels());
for (const [name, value] of Object.entries(await receiptDocuments())) write(`x402/testdata/${name}.json`, value);
write("x402/testdata/receipts.json", await receipts());
write("x402/extension/testdata/bazaar-stock.json", bazaar());
write("x402/mpp/testdata/mppx.json", await mpp());
write("escrow/transfer/testdata/x402-vectors.json", await transfers());

const { files, digests, v1 } = await payments();
for (const [name, value] of Object.entries(files)) write(`x402/testdata/${name}.json`, value);
write("x402/testdata/digests.json", digests);
for (const [name, value] of Object.entries(v1)) write(`x402/v1/testdata/${name}.json`, value);
