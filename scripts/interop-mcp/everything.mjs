// Sells server-everything through the gateway, over stdio and over streamable HTTP, and holds every tool, resource,
// prompt and notification against the server itself.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { CreateMessageRequestSchema, ElicitRequestSchema, ListRootsRequestSchema } from '@modelcontextprotocol/sdk/types.js';

const everything = join(dirname(createRequire(import.meta.url).resolve('@modelcontextprotocol/server-everything/package.json')), 'dist/index.js');
const chit = (...args) => promisify(execFile)(process.env.CHIT, args, { maxBuffer: 1 << 26 });

// What each tool is called with. The answers of those in `varying` differ from call to call.
const calls = {
  echo: { message: 'hello' },
  'get-annotated-message': { messageType: 'error', includeImage: true },
  'get-env': {},
  'get-resource-links': { count: 4 },
  'get-resource-reference': { resourceType: 'Blob', resourceId: 3 },
  'get-structured-content': { location: 'Chicago' },
  'get-sum': { a: 2, b: 40 },
  'get-tiny-image': {},
  'gzip-file-as-resource': { name: 'a.gz', data: 'data:text/plain;base64,aGVsbG8=', outputType: 'resource' },
  'toggle-simulated-logging': {},
  'toggle-subscriber-updates': {},
  'trigger-long-running-operation': { duration: 0.4, steps: 4 },
  'simulate-research-query': { topic: 'channels' },
};
// The tools that ask their client for something, which the server shows to those that can be asked.
const asking = {
  'get-roots-list': {},
  'trigger-elicitation-request': {},
  'trigger-sampling-request': { prompt: 'a haiku', maxTokens: 10 },
  'trigger-url-elicitation': { url: 'https://example.com/consent', message: 'consent' },
};
const answers = new Map([
  [ListRootsRequestSchema, () => ({ roots: [{ uri: 'file:///shop', name: 'shop' }] })],
  [CreateMessageRequestSchema, ({ params }) => ({ model: 'brain', role: 'assistant', content: { type: 'text', text: `on ${params.messages[0].content.text}` } })],
  [ElicitRequestSchema, ({ params }) => (params.mode === 'url' ? { action: 'accept' } : { action: 'accept', content: { name: 'Ada', integer: 7 } })],
]);
const varying = new Set(['get-env', 'get-resource-reference', 'toggle-simulated-logging', 'toggle-subscriber-updates', 'simulate-research-query']);
const price = 1000;
const capable = { roots: { listChanged: true }, sampling: {}, elicitation: { form: {}, url: {} } };

const children = [];

// start runs a program until the end, and resolves once it has printed text.
function start(text, command, args, env = {}) {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  return new Promise((resolve, reject) => {
    let said = '';
    const hear = (chunk) => {
      said += chunk;
      if (said.includes(text)) resolve(child);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.on('exit', (code) => reject(new Error(`${command} ended with ${code}:\n${said}`)));
  });
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function connect(transport, capabilities = {}) {
  const client = new Client({ name: 'interop', version: '1' }, { capabilities });
  if (capabilities.roots) for (const [schema, answer] of answers) client.setRequestHandler(schema, async (request) => answer(request));
  await client.connect(transport);
  return client;
}

// pay calls a tool through the gateway for money.
async function pay(url, tool, input) {
  const args = Object.entries(input).map(([key, value]) => `${key}:=${JSON.stringify(value)}`);
  const { stdout } = await chit('call', `--server=${url}`, '--json', tool, ...args);
  return JSON.parse(stdout);
}

async function checkTools(direct, sold, url) {
  const { tools } = await direct.listTools();
  const shown = new Map((await sold.listTools()).tools.map((tool) => [tool.name, tool]));
  for (const tool of tools) {
    assert.ok(calls[tool.name], `there is a new tool: ${tool.name}`);
    for (const prefix of ['', 'web_']) {
      const twin = shown.get(prefix + tool.name);
      assert.ok(twin, `${prefix + tool.name} is not shown`);
      for (const member of ['inputSchema', 'outputSchema', 'title', 'description']) {
        assert.deepEqual(twin[member], tool[member], `${member} of ${prefix + tool.name}`);
      }
      const unpaid = await sold.callTool({ name: prefix + tool.name, arguments: calls[tool.name] });
      assert.equal(unpaid.isError, true);
      const terms = JSON.parse(unpaid.content[0].text);
      assert.equal(terms.accepts[0].amount, String(price));
      // The client holds structured content against the output schema, which terms do not fit.
      assert.deepEqual(unpaid.structuredContent, tool.outputSchema ? undefined : terms);

      const { result, receipt } = await pay(url, prefix + tool.name, calls[tool.name]);
      assert.notEqual(result.isError, true, `${prefix + tool.name}: ${JSON.stringify(result)}`);
      assert.equal(Number(receipt.Charged), price);
      if (!varying.has(tool.name)) {
        const own = await direct.callTool({ name: tool.name, arguments: calls[tool.name] });
        assert.deepEqual(result.content, own.content, prefix + tool.name);
        assert.deepEqual(result.structuredContent, own.structuredContent, prefix + tool.name);
      }
    }
  }
  return tools.length;
}

async function checkResourcesAndPrompts(direct, sold) {
  const { resources } = await direct.listResources();
  const shown = new Set((await sold.listResources()).resources.map((resource) => resource.uri));
  for (const { uri } of resources) {
    assert.ok(shown.has(uri), `${uri} is not shown`);
    assert.deepEqual((await sold.readResource({ uri })).contents, (await direct.readResource({ uri })).contents);
  }
  const item = await sold.readResource({ uri: 'demo://resource/dynamic/blob/7' });
  assert.ok(item.contents[0].blob);
  const { prompts } = await direct.listPrompts();
  for (const { name } of prompts) assert.ok((await sold.listPrompts()).prompts.some((prompt) => prompt.name === `web_${name}`), name);
  const args = { city: 'Chicago', state: 'Illinois' };
  assert.deepEqual(
    (await sold.getPrompt({ name: 'args-prompt', arguments: args })).messages,
    (await direct.getPrompt({ name: 'args-prompt', arguments: args })).messages,
  );
  const completion = { ref: { type: 'ref/prompt', name: 'completable-prompt' }, argument: { name: 'department', value: 'E' } };
  const completed = await sold.complete(completion);
  assert.deepEqual(completed.completion.values, (await direct.complete(completion)).completion.values);
  assert.ok(completed.completion.values.length > 0);
}

async function checkProgress(sold) {
  for (const prefix of ['free_', 'free-web_']) {
    const steps = [];
    await sold.callTool(
      { name: `${prefix}trigger-long-running-operation`, arguments: calls['trigger-long-running-operation'] },
      undefined,
      { onprogress: ({ progress }) => steps.push(progress) },
    );
    assert.deepEqual(steps, [1, 2, 3, 4], `the progress of ${prefix}`);
  }
}

// checkAsking calls the tools that ask, from two clients at once, and holds what they say against what they say directly.
async function checkAsking(direct, url) {
  const clients = await Promise.all([1, 2].map(() => connect(new StreamableHTTPClientTransport(new URL(url)), capable)));
  for (const [name, args] of Object.entries(asking)) {
    const own = await direct.callTool({ name, arguments: args });
    assert.notEqual(own.isError, true, name);
    for (const prefix of ['free_', 'free-web_']) {
      for (const sold of await Promise.all(clients.map((client) => client.callTool({ name: prefix + name, arguments: args })))) {
        assert.deepEqual(unnumbered(sold), unnumbered(own), prefix + name);
      }
    }
  }
  await Promise.all(clients.map((client) => client.close()));
}

// unnumbered is a result without the ids that differ from call to call.
const unnumbered = (result) => JSON.parse(JSON.stringify(result.content).replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'id'));

async function main() {
  await start('is ready', process.env.CHIT, ['dev', '--port', '0']);
  const [webPort, port] = [await freePort(), await freePort()];
  await start('listening', process.execPath, [everything, 'streamableHttp'], { PORT: String(webPort) });
  const config = join(process.env.CHIT_HOME, 'gateway.yaml');
  const program = { command: process.execPath, args: [everything, 'stdio'] };
  const web = { url: `http://127.0.0.1:${webPort}/mcp` };
  const free = { allow: ['trigger-*', 'get-roots-list'], prices: { '*': 'free' } };
  const read = { resources: ['*'], prompts: ['*'] };
  writeFileSync(config, JSON.stringify({ // which is YAML
    listen: `127.0.0.1:${port}`,
    settleEvery: '0s',
    prices: { '*': '0.001' },
    upstreams: {
      stdio: { ...program, ...read },
      http: { ...web, ...read, prefix: 'web' },
      'free-stdio': { ...program, ...free, prefix: 'free' },
      'free-http': { ...web, ...free, prefix: 'free-web' },
    },
  }));
  const gateway = await start('selling on', process.env.CHIT, ['gateway', '--config', config]);
  const url = `http://127.0.0.1:${port}/mcp`;
  await chit('deposit', '5', `--server=${url}`);

  const direct = await connect(new StdioClientTransport({ ...program, stderr: 'ignore' }));
  const sold = await connect(new StreamableHTTPClientTransport(new URL(url)));
  const checked = await checkTools(direct, sold, url);
  await checkResourcesAndPrompts(direct, sold);
  await checkProgress(sold);
  const able = await connect(new StdioClientTransport({ ...program, stderr: 'ignore' }), capable);
  await checkAsking(able, url);
  await able.close();
  await direct.close();
  await sold.close();

  const [channel] = JSON.parse((await chit('channels', '--json')).stdout);
  assert.equal(Number(channel.charged), 2 * checked * price);
  const ended = new Promise((resolve) => gateway.on('exit', resolve));
  gateway.kill('SIGTERM');
  assert.equal(await ended, 0);
  console.log(`interop-mcp: ok, ${checked} tools of server-everything sold over stdio and streamable HTTP, and ${Object.keys(asking).length} that ask their client`);
}

try {
  await main();
} finally {
  for (const child of children.reverse()) {
    child.removeAllListeners('exit');
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = new Promise((resolve) => child.on('exit', resolve));
    child.kill('SIGTERM');
    await ended;
  }
}
