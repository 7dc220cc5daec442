// The suite's own program, and what it says about a server.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const program = new URL("node_modules/@modelcontextprotocol/conformance/dist/index.js", import.meta.url).pathname;
const tries = 3; // mcp-go may lose a notification on a busy machine, with the paywall or without

// Runs every scenario against a server, those again that do not pass, and returns how each went and how often it ran.
export async function conformance(url) {
  const outcomes = await run(url, ["--suite", "all"]);
  for (let n = 1; n < tries; n++) {
    for (const [name, outcome] of outcomes) {
      if (outcome.passed) continue;
      const [again] = (await run(url, ["--scenario", name])).values();
      outcomes.set(name, { ...again, runs: outcome.runs + 1 });
    }
  }
  return outcomes;
}

async function run(url, which) {
  const results = mkdtempSync(join(process.env.CHIT_HOME, "results-"));
  // The exit code says whether all passed, which the results say better.
  await promisify(execFile)(process.execPath, [program, "server", "--url", url, ...which, "-o", results], { maxBuffer: 1 << 26 }).catch((error) => {
    if (error.code !== 1) throw error;
  });
  const outcomes = new Map();
  for (const dir of readdirSync(results)) {
    const name = dir.replace(/^server-/, "").replace(/-\d{4}-\d\d-\d\dT.*$/, "");
    outcomes.set(name, { runs: 1, ...verdict(JSON.parse(readFileSync(join(results, dir, "checks.json")))) });
  }
  if (outcomes.size === 0) throw new Error(`the suite said nothing about ${url}`);
  return outcomes;
}

function verdict(checks) {
  const wrong = checks.filter(({ status }) => status === "FAILURE" || status === "WARNING");
  const passed = wrong.length === 0 && checks.some(({ status }) => status === "SUCCESS");
  return { passed, why: wrong.map(({ name, errorMessage, details }) => `${name}: ${errorMessage ?? details?.message}`).join("; ") };
}
