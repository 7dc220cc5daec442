// Package gateway sells MCP servers and HTTP services that already run, without
// touching them.
//
// A [Config] names upstreams and what their tools cost. A [Gateway] connects to each over
// streamable HTTP, SSE or stdio, shows what it sells of them as one MCP server, and lets the
// [server.Shop] take the money: a call is paid, goes to its upstream, and is charged if it
// succeeds. Lists, progress and log messages pass through as they change. An upstream that is
// down makes its tools answer an error, which costs nothing, until the gateway has reached it
// again.
//
// Nothing is given away without a word: a tool is shown once something prices it, if only
// as free, and resources, templates, prompts and completions where a price or an upstream's
// settings resources and prompts name them. Names are matched as package glob has it. The start
// logs what is sold, free and hidden, and patterns that stand for nothing; [Survey] finds
// it out before.
//
// What an upstream says in the protocols of payment (terms, receipts, refusals, in headers,
// _meta or results) is not passed on, nor what a client says in them: the gateway is the
// shop. An upstream that asks for a payment of its own has failed.
//
// What an upstream asks of its client during a call (sampling, elicitation, roots) is asked of
// the client whose call it is, if that has declared that it can be asked; else it is refused
// at once. One connection serves all clients that cannot be asked. Each of the others has one
// of its own to each upstream that it uses, with a program of its own on it where that is on
// standard input and output: opened by its first request, closed with its session, after ten
// idle minutes, or when its place is needed. Of the lists, those of the common connection are
// shown, and the tools that the upstream had for clients that can be asked when the gateway
// reached it. A call that waits for its client keeps its reservation, and is not charged if
// the client goes away; the upstream's timeout stands still meanwhile, for ten minutes at
// most. Nothing is asked over the older SSE. Clients of the newest protocol, which is asked by
// results (input_required), cannot be asked yet.
//
// An upstream's timeout is for its silence: a call whose progress it reports is not cut, nor
// a route's answer that flows, interim ones (1xx) among it. The gateway asks for the
// progress of every call, and passes it on to a client that asks for it too. How long one
// may take in all is totalTimeout, which is not limited by itself.
//
// Routes are plain HTTP: a path is sold as a reverse proxy, with x402's headers. A
// wildcard holds what every program takes for one segment, {rest...} what stays below. A
// request that gives a parameter which the upstream's URL fixes, or that spells the
// parameter of its price in another way, in the query, a form or a JSON object, is
// refused (400): the upstream might read another value than the one that is paid for.
//
// The rooms below it know nothing of the gateway, which puts them together: config reads the
// file and pricing works out what a call costs; link, pool and upstream reach the
// MCP servers, session and asking the clients; listing shows the ones to the others, and
// route sells plain HTTP.
//
// A config with everything in it:
//
//	listen: 127.0.0.1:8402            # the profile's, if it is left out
//	hosts: [shop.example.com]         # names beside loopback that clients reach it by
//	origins: ["https://app.example.com"] # web pages that may call and pay from a browser (CORS)
//	baseURL: https://shop.example.com # what receipts of routes begin with; else they name the path alone
//	tls: {cert: cert.pem, key: key.pem}
//	settleEvery: 1h                   # 0 never
//	settleOnStop: true
//	minDeposit: 0.1                   # USDC; the profile's, if it is left out
//	limits: {lookups: 50}             # docs/SECURITY.md lists them; over the profile's
//	also:                             # paid through these beside the profile's; as there
//	  - {escrow: "0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003"}
//	movedFrom:                        # where the shop was before; its payers' channels move along
//	  - {from: "https://old.example.com", to: "https://shop.example.com"}
//	prices:                           # by the names that clients see; what has no price is not shown
//	  now: free                       # "*": free gives the rest away
//	  "search*": 0.001
//	  summarize: 0.01
//	  render:                         # by an argument
//	    base: 0.001
//	    per: {argument: pages, of: number, unit: 0.0005, default: 1} # of: number, text or list; no default: max
//	    max: 0.05                     # announced; no call costs more
//	  complete: {max: 0.02, metered: true} # charged what its result's _meta["chit/cost"] says
//	  translate: {base: 0.002, free: {calls: 10, per: 24h}} # per payer; also amount: 0.01
//	  crawl: {base: 0.05, onCancel: charge, onFailure: charge} # what did not deliver costs as much; free, if left out
//	  "resource:docs://*": 0.002      # what is read, by URI; metered and per are not for it
//	  "prompt:review": 0.005          # what is got, by name; metered is not for it
//	upstreams:
//	  web:                            # streamable HTTP; with sse: true the older SSE
//	    url: https://tools.example.com/mcp
//	    headers: {Authorization: "Bearer ${WEB_TOKEN}"}
//	    timeout: 30s                  # of silence; 1m, if it is left out. Progress ends it
//	    totalTimeout: 1h              # of a whole call; none, if it is left out
//	    allow: ["search*", summarize]
//	    deny: [search_internal]
//	    prices: {"search_deep": 0.005} # by its own names; before those above
//	    resources: ["docs://*"]       # shown, and free without a price: URIs and templates
//	    prompts: ["*"]                # the same, by its own names
//	  files:                          # a program on standard input and output
//	    command: files-server
//	    args: [--root, /srv/files]
//	    env: {API_KEY: "${FILES_KEY}"} # all that it sees beside PATH, HOME, LANG, TMPDIR and the like
//	    prefix: files                 # its tools are files_NAME; else only on conflict
//	    shareLogs: true               # its log messages go to every client
//	    ownConnections: 8             # clients that it can ask, each with a program of its own; 32, 0 none
//	routes:
//	  - path: /v1/report/{id}
//	    method: GET
//	    upstream: https://reports.example.com/internal/{id}?format=pdf
//	    price: 0.02                   # or as above: per is a wildcard of the path or a parameter
//	                                  # of the query, and metered reads the header Chit-Cost
//	    timeout: 30s                  # as above: no byte from the upstream; also totalTimeout
//	    stream: {bytes: 0.01, slice: 0.001} # answers pass on as they come, at USDC a MiB (or lines:
//	                                  # a line), charged by slices; price is the most that one costs
//	    description: a report
//	    mimeType: application/json
package gateway
