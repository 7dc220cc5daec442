#!/usr/bin/env node
// The compiler that forge runs: the pinned solc package behind the two options that forge uses.
const solc = require("solc");
const fs = require("fs");

const asked = process.argv.slice(2);
if (asked.includes("--version")) {
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}`);
} else if (asked.includes("--standard-json")) {
  process.stdout.write(solc.compile(fs.readFileSync(0, "utf8")));
} else {
  console.error(`solc: only --version and --standard-json are answered, not "${asked.join(" ")}"`);
  process.exit(1);
}
