// Holds servers that sell what they do against the same server that does not.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { chit, start, stopAll, writeConfig } from "../interop-client/programs.mjs";
import { conformance } from "./suite.mjs";

const home = process.env.CHIT_HOME;
const price = 1000;

// The scenarios that say nothing about a server that answers as JSON, as mcp-go does here.
const silent = ["server-sse-polling"];
// The scenarios that call one tool, which succeeds.
const paying = (name) => (name.startsWith("tools-call-") && name !== "tools-call-error") || name.startsWith("elicitation-");

// Forwards to a server with a credit token, which the suite has no way to send.
async function withToken(url, token) {
  const target = new URL(url);
  const proxy = createServer((incoming, outgoing) => {
    const headers = { ...incoming.headers, authorization: `Bearer ${token}` };
    const forwarded = request({ host: target.hostname, port: target.port, path: target.pathname, method: incoming.method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode, answer.headers).flushHeaders();
      answer.pipe(outgoing);
    });
    forwarded.on("error", () => outgoing.destroy());
    outgoing.on("close", () => forwarded.destroy());
    incoming.pipe(forwarded);
  });
  await new Promise((done) => proxy.listen(0, "127.0.0.1", done));
  const close = () => {
    proxy.closeAllConnections();
    proxy.close();
  };
  return { url: `http://127.0.0.1:${proxy.address().port}/mcp`, close };
}

// Runs the suite for money, and checks that each call that succeeded was charged.
async function onCredit(url) {
  await chit("dev", "deposit", "1", `--server=${url}`);
  const { token } = await chit("dev", "credit", "grant", `--server=${url}`, "--budget=0.5");
  const { url: paid, close } = await withToken(url, token);
  const outcomes = await conformance(paid).finally(close);
  const [{ spent }] = await chit("dev", "credit", "list", `--server=${url}`);
  const of = (count) => [...outcomes].filter(([name]) => paying(name)).reduce((sum, [, outcome]) => sum + count(outcome), 0);
  const [least, most] = [of(({ passed }) => passed), of(({ runs }) => runs)];
  assert.ok(least > 0 && spent >= least * price && spent <= most * price, `${spent} were charged for ${least} to ${most} calls`);
  return outcomes;
}

// Checks that the paywall is in the way of a tool that the suite does not call, and runs the suite.
async function forNothing(url) {
  const client = new Client({ name: "interop", version: "1" });
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  const result = await client.callTool({ name: "unused" });
  await client.close();
  assert.equal(result.isError, true);
  assert.equal(result.structuredContent.accepts[0].amount, String(price));
  return conformance(url);
}

async function behindGateway(upstream, prices, runSuite) {
  const config = writeConfig("gateway.yaml", { listen: "127.0.0.1:0", settleEvery: "0s", prices, upstreams: { subject: { url: upstream, resources: ["*"], prompts: ["*"] } } });
  const { said, stop } = await start(process.env.CHIT, ["--profile", "dev", "gateway", "--config", config], /selling on (http:\/\/[^/]+\/mcp)/);
  return runSuite(said[1]).finally(stop);
}

function report(plain, columns) {
  const names = [...columns.keys()];
  const line = (name, cells) => console.log(name.padEnd(30), ["plain", ...names].map((column, i) => cells[i].padEnd(column.length)).join("  ").trimEnd());
  const wrong = [];
  line("", ["plain", ...names]);
  for (const [name, without] of [...plain].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const cells = names.map((column) => {
      const sold = columns.get(column).get(name);
      if (without.passed && !sold.passed) wrong.push(`${name} fails with ${column}: ${sold.why}`);
      return sold.passed ? "pass" : without.passed ? "FAIL" : "silent";
    });
    line(name, [without.passed ? "pass" : "silent", ...cells]);
  }
  return wrong;
}

async function main() {
  await start(process.env.CHIT, ["dev", "--port", "0"], /is ready/);
  const profile = readFileSync(join(home, "profiles", "dev.yaml"), "utf8");
  const [rpc, token] = ["rpc", "token"].map((key) => profile.match(new RegExp(`^${key}: "?([^"\\n]+)`, "m"))[1]);
  const { said } = await start(process.env.SUBJECT, ["-rpc", rpc, "-token", token, "-dir", home], /\{.*\}\n/);
  const urls = JSON.parse(said[0]);

  const plain = await conformance(urls.plain);
  assert.deepEqual([...plain].filter(([, { passed }]) => !passed).map(([name]) => name), silent, "the server must pass without the paywall");
  const columns = new Map();
  columns.set("paywall", await forNothing(urls.free));
  columns.set("paywall+credit", await onCredit(urls.priced));
  columns.set("gateway", await behindGateway(urls.plain, { unused: "0.001", "*": "free" }, forNothing));
  columns.set("gateway+credit", await behindGateway(urls.plain, { "*": "0.001" }, onCredit));

  const wrong = report(plain, columns);
  const passed = [...plain.values()].filter((outcome) => outcome.passed).length;
  if (wrong.length > 0) {
    for (const line of wrong) console.error(`interop-conformance: FAILED: ${line}`);
    process.exitCode = 1;
    return;
  }
  console.log(`interop-conformance: ok, ${passed} of ${plain.size} scenarios pass without the paywall, and with it`);
}

try {
  await main();
} finally {
  await stopAll();
}
