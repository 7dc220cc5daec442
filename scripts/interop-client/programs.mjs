// The programs that a run starts: chit, and a service that it sells.
import { execFile, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { promisify } from "node:util";

const home = process.env.CHIT_HOME;
const running = [];

// Writes a profile of chit: what its commands share.
export function writeProfile(name, settings) {
  mkdirSync(join(home, "profiles"), { recursive: true });
  writeFileSync(join(home, "profiles", `${name}.yaml`), JSON.stringify(settings)); // which is YAML
}

// Writes a file for chit, and returns its path.
export function writeConfig(name, settings) {
  const file = join(home, name);
  writeFileSync(file, JSON.stringify(settings));
  return file;
}

// Runs a command of chit to its end, and returns the JSON that it prints.
export async function chit(profile, ...args) {
  const { stdout } = await promisify(execFile)(process.env.CHIT, ["--profile", profile, ...args, "--json"], { maxBuffer: 1 << 26 });
  return JSON.parse(stdout);
}

// Starts a server of chit, and returns where it sells, without the path.
export async function startChit(profile, ...args) {
  const { said } = await start(process.env.CHIT, ["--profile", profile, ...args], /selling on (http:\/\/[^/]+)\/mcp/);
  return said[1];
}

// Starts a program that runs until it is stopped, and resolves with what it said once that fits the pattern.
export function start(command, args, pattern) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  const stop = () => ended(child);
  running.push(stop);
  let output = "";
  return new Promise((resolve, reject) => {
    const hear = (chunk) => {
      output += chunk;
      const said = output.match(pattern);
      if (said) resolve({ said, stop });
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.on("exit", (code) => reject(new Error(`${command} ${args.join(" ")} ended with ${code}:\n${output}`)));
  });
}

async function ended(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const end = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await end;
}

// Starts a service that knows nothing of payments: it repeats what it is sent, counts how often, fails at /broken, and has
// a meter that shows what it is told to.
export async function startService() {
  const service = { served: 0 };
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://local");
    if (pathname === "/broken") return response.writeHead(500).end("out of order");
    let body = "";
    for await (const chunk of request) body += chunk;
    service.served++;
    const cost = searchParams.get("cost");
    response.writeHead(200, { "Content-Type": "application/json", ...(cost && { "Chit-Cost": cost }) });
    response.end(JSON.stringify({ echo: searchParams.get("text") ?? JSON.parse(body).text }));
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  running.push(() => {
    server.closeAllConnections();
    return new Promise((done) => server.close(done));
  });
  service.url = `http://127.0.0.1:${server.address().port}`;
  return service;
}

// Ends what was started, the last first.
export async function stopAll() {
  for (const stop of running.reverse()) await stop();
}
