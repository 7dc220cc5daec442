package main_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/chain/keys"
)

// sold is a home with a local chain, and the flag of a server that sells the example
// tools. The profile has the given lines more.
func sold(t testing.TB, lines string) (h home, server string) {
	t.Helper()
	h = newHome(t)
	h.start(t, "is ready", "dev", "--port", "0")
	h.profile(t, lines)
	address := freeAddress(t)
	h.start(t, "selling on", "serve", "--listen", address, "--settle-every", "0")
	return h, "--server=http://" + address + "/mcp"
}

// profile adds lines to the profile "dev".
func (h home) profile(t testing.TB, lines string) {
	t.Helper()
	path := filepath.Join(h.dir, "profiles", "dev.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(text, lines...), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAnMCPClientStartsTheProxyAndPaysThroughIt(t *testing.T) {
	h, server := sold(t, "session: auto\nbudget: {total: 0.0015}\ntopUp: {amount: 1}\n")
	_, url, _ := strings.Cut(server, "=")
	command := h.command()
	client, err := mcpclient.NewStdioMCPClient(chit, append(command.Env, "CHIT_PASSPHRASE=secret"), "proxy", url)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var hello mcp.InitializeRequest
	hello.Params.ClientInfo = mcp.Implementation{Name: "test", Version: "1"}
	if _, err := client.Initialize(t.Context(), hello); err != nil {
		t.Fatal(err)
	}
	call := func(tool string) *mcp.CallToolResult {
		var r mcp.CallToolRequest
		r.Params.Name, r.Params.Arguments = tool, map[string]any{"text": "a"}
		result, err := client.CallTool(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
	if result := call("text_stats"); result.IsError {
		t.Errorf("the call gave %+v", result)
	}
	var problem agent.Problem
	if result := call("text_stats"); !result.IsError || json.Unmarshal(result.RawStructuredContent, &problem) != nil ||
		problem.Code != "budget_exhausted" || problem.Required != 1000 || problem.Remaining != 500 {
		t.Errorf("out of budget gave %+v, %+v", result, problem)
	}
	if result := call("chit_balance"); result.IsError || !strings.Contains(fmt.Sprint(result.Content), "0.0005 USDC of 0.0015 USDC left") {
		t.Errorf("the balance is %+v", result)
	}
	if out := h.ok(t, "budget", server); !strings.Contains(words(out), "all calls 0.0015 0.0005") || !strings.Contains(out, "0.001 USDC in all") {
		t.Errorf("budget prints\n%s", out)
	}
	if files, err := keys.List(filepath.Join(h.dir, "data", "dev", "session")); err != nil || len(files) != 1 {
		t.Errorf("the session keys are %v, %v", files, err)
	}
}

func TestAnOutputThatCannotBeWrittenIsRefusedBeforeItIsPaidFor(t *testing.T) {
	h, server := sold(t, "")
	h.ok(t, "deposit", "1", server)
	if got := h.run(t, "call", "identicon", "text=x", "--output", "/nowhere/x.png", server); got.code != 2 || !strings.Contains(got.stderr, "--output") {
		t.Errorf("a file in no folder: %+v", got)
	}
	if out := words(h.ok(t, "balance")); !strings.Contains(out, "1 0 0 0 1") {
		t.Errorf("the balance is\n%s", out)
	}
	file := filepath.Join(t.TempDir(), "x")
	if got := h.run(t, "call", "hash", "text=abc", "--output", file, server); got.code != 1 || !strings.HasPrefix(got.stdout, "ba7816bf") || !strings.Contains(got.stderr, "paid 0.0005 USDC") || !strings.Contains(got.stderr, "no image") {
		t.Errorf("a text into a file of an image: %+v", got)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("a file was left behind")
	}
	full := h.run(t, "call", "identicon", "text=x", "--output", "/dev/full", server)
	if _, data, _ := strings.Cut(full.stdout, `"data": "iVBOR`); full.code != 1 || len(data) < 100 || !strings.Contains(full.stderr, "--output") || !strings.Contains(full.stderr, "paid 0.00") {
		t.Errorf("an image for a disk that is full: %+v", full)
	}
	again := h.run(t, "call", "identicon", "text=x", "--output", "/dev/full", "--json", server)
	if again.code != 1 || strings.Count(again.stdout, `"data": "iVBOR`) != 1 {
		t.Errorf("the same as JSON: %+v", again)
	}
}

func TestTheProxyPrintsNothingButMessages(t *testing.T) {
	h := newHome(t)
	h.start(t, "is ready", "dev", "--port", "0")
	command := h.command("proxy", "http://"+freeAddress(t)+"/mcp")
	command.Stdin = strings.NewReader("hello\n" + `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}` + "\n")
	got := finish(t, command)
	lines := strings.Split(strings.TrimSpace(got.stdout), "\n")
	for _, line := range lines {
		var message struct {
			JSONRPC string
			Error   struct{ Message string }
		}
		if err := json.Unmarshal([]byte(line), &message); err != nil || message.JSONRPC != "2.0" || message.Error.Message == "" {
			t.Errorf("%q was printed", line)
		}
	}
	if got.code != 0 || len(lines) != 2 || !strings.Contains(got.stdout, "is it running") || !strings.Contains(got.stderr, "proxy is ready") {
		t.Errorf("the proxy came to %+v", got)
	}
	if silent := h.run(t, "proxy", "--profile", "other"); silent.code != 1 || silent.stdout != "" {
		t.Errorf("a proxy without a profile: %+v", silent)
	}
}

func TestTheProxyIsInstalledForAClient(t *testing.T) {
	h := profiled(t, "http://127.0.0.1:1")
	user := t.TempDir()
	run := func(args ...string) outcome {
		command := h.command(append([]string{"proxy", "install"}, args...)...)
		command.Env, command.Dir = append(command.Env, "HOME="+user), user
		return finish(t, command)
	}
	entry := fmt.Sprintf(`"--home",%q,"--profile","test","proxy","https://tools.example/mcp"`, h.dir)
	for client, file := range map[string]string{"cursor": ".cursor/mcp.json", "claude-code": ".mcp.json"} {
		shown := run("https://tools.example/mcp", "--client", client, "--print")
		if _, err := os.Stat(filepath.Join(user, file)); err == nil || shown.code != 0 || !strings.Contains(strings.Join(strings.Fields(shown.stdout), ""), entry) {
			t.Errorf("--print for %s: %+v, %v", client, shown, err)
		}
		done := run("https://tools.example/mcp", "--client", client, "--name", "tools")
		text, err := os.ReadFile(filepath.Join(user, file))
		if done.code != 0 || err != nil || !strings.Contains(string(text), `"tools": {`) || !strings.Contains(string(text), `"command": "`+chit+`"`) {
			t.Errorf("install for %s: %+v, %v\n%s", client, done, err, text)
		}
		again := run("--client", client)
		if backups, _ := filepath.Glob(filepath.Join(user, file+".*.bak")); again.code != 0 || len(backups) != 1 {
			t.Errorf("install for %s once more: %+v, %v", client, again, backups)
		}
	}
	for _, args := range [][]string{{}, {"--client", "emacs"}} {
		if bad := run(args...); bad.code != 2 || !strings.Contains(bad.stderr, "claude-desktop, claude-code, cursor, vscode, zed") {
			t.Errorf("%v: %+v", args, bad)
		}
	}
	if zed := run("--client", "zed"); zed.code != 1 || !strings.Contains(zed.stderr, "--print") || strings.Count(zed.stderr, "\n") != 1 {
		t.Errorf("zed: %+v", zed)
	}
}

func TestAKeyIsImportedFromAFileOrFromStandardInput(t *testing.T) {
	const secret = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"
	const address = "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23"
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte("0x"+secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	h := newHome(t)
	importing := func(h home, in, path string) outcome {
		command := h.command("wallet", "import", path, "--json")
		command.Env = append(command.Env, "CHIT_PASSPHRASE=secret")
		command.Stdin = strings.NewReader(in)
		return finish(t, command)
	}
	done := importing(h, "", file)
	if done.code != 0 || strings.Contains(done.stdout+done.stderr, secret) {
		t.Fatalf("import: %+v", done)
	}
	made := decode[keys.File](t, done.stdout)
	key, err := keys.Open(made.Path, "secret")
	if err != nil || made.Address.Hex() != address || key.Address() != made.Address {
		t.Errorf("imported %+v, %v", made, err)
	}
	if info, err := os.Stat(made.Path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key file has mode %v, %v", info.Mode(), err)
	}
	h.start(t, "is ready", "dev", "--port", "0")
	if out := h.ok(t, "wallet", "list", "--balances"); !strings.Contains(words(out), "ADDRESS BALANCE FILE "+address+" 0 ") {
		t.Errorf("wallet list --balances prints\n%s", out)
	}
	if twice := importing(h, secret, "-"); twice.code != 1 || !strings.Contains(twice.stderr, "there already") {
		t.Errorf("imported twice: %+v", twice)
	}
	encrypted, err := os.ReadFile(made.Path)
	if err != nil {
		t.Fatal(err)
	}
	other := newHome(t)
	if moved := importing(other, string(encrypted), "-"); moved.code != 0 || decode[keys.File](t, moved.stdout).Address.Hex() != address {
		t.Errorf("a key file: %+v", moved)
	}
	for _, bad := range []string{"", secret[:63], secret + "ff", "{}", strings.Replace(string(encrypted), `"mac":"`, `"mac":"00`, 1)} {
		got := importing(newHome(t), bad, "-")
		if got.code != 1 || strings.Count(got.stderr, "\n") != 1 || bad != "" && strings.Contains(got.stderr, bad) {
			t.Errorf("importing %q: %+v", bad, got)
		}
	}
	if argv := h.run(t, "wallet", "import", secret); argv.code != 1 {
		t.Errorf("a key on the command line: %+v", argv)
	}
}

func TestTheUpkeepOfAChannelByHand(t *testing.T) {
	h, server := sold(t, "topUp: {below: 1, amount: 2}\n")
	if out := h.ok(t, "topup", server); !strings.Contains(out, "deposited 2 USDC") {
		t.Errorf("topup prints %q", out)
	}
	if out := h.ok(t, "topup", server, "--json"); decode[map[string]any](t, out)["needed"] != false {
		t.Errorf("topup once more prints %q", out)
	}
	in := filepath.Join(t.TempDir(), "arguments.json")
	if err := os.WriteFile(in, []byte(`{"text":"from the file","more":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := h.ok(t, "call", "text_stats", "--input", in, server); !strings.Contains(out, "words=3") {
		t.Errorf("text_stats with --input answers %q", out)
	}
	piped := h.command("call", "text_stats", "text=from the line", "--input", "-", server)
	piped.Stdin = strings.NewReader(`{"text":"from a pipe that is longer"}`)
	if got := finish(t, piped); got.code != 0 || !strings.Contains(got.stdout, "words=3") {
		t.Errorf("text_stats with --input -: %+v", got)
	}
	if bad := h.run(t, "call", "text_stats", "--input", chit, server); bad.code != 2 || !strings.Contains(bad.stderr, "JSON object") {
		t.Errorf("--input of a program: %d %s", bad.code, bad.stderr)
	}
	book := filepath.Join(h.dir, "data", "dev", "agent.db")
	if err := os.Remove(book); err != nil {
		t.Fatal(err)
	}
	if out := h.ok(t, "recover", server); !strings.Contains(out, "deposited 2 USDC, spent 0.002 USDC, available 1.998 USDC") {
		t.Errorf("recover prints %q", out)
	}
	if out := h.ok(t, "withdraw", "status"); out != "no withdrawal was started\n" {
		t.Errorf("withdraw status prints %q", out)
	}
	h.ok(t, "withdraw", "start")
	type status struct {
		Amount  string
		Seconds int64
	}
	if list := decode[[]status](t, h.ok(t, "withdraw", "status", "--json")); len(list) != 1 || list[0].Amount != "1998000" && list[0].Amount != "2000000" || list[0].Seconds < 800 || list[0].Seconds > 900 {
		t.Errorf("withdraw status prints %+v", list)
	}
	if out := h.ok(t, "withdraw", "status"); !strings.Contains(out, "in 15m0s") && !strings.Contains(out, "in 14m") {
		t.Errorf("withdraw status prints\n%s", out)
	}
}

func TestARefusedPaymentIsJSONForPrograms(t *testing.T) {
	h, server := sold(t, "budget: {perCall: 0.0001, denyTools: [\"ident*\"]}\n")
	for tool, code := range map[string]string{"text_stats": "per_call_exceeded", "identicon": "tool_not_allowed"} {
		got := h.run(t, "call", tool, "text=x", server, "--json")
		problem := decode[map[string]agent.Problem](t, got.stdout)["error"]
		if got.code != 1 || problem.Code != code || problem.Required == 0 || problem.Help == "" || !strings.Contains(got.stderr, "refused by policy") {
			t.Errorf("%s: %+v", tool, got)
		}
	}
	h.profile(t, "topUp: {below: 1}\n")
	if bad := h.run(t, "balance"); bad.code != 1 || !strings.Contains(bad.stderr, "topUp.amount is missing") {
		t.Errorf("half a top-up: %+v", bad)
	}
}

func TestAPlainPageIsPaidFor(t *testing.T) {
	const image = "\x89PNG\r\n\x1a\n\x00\xff\u202e\x1b[2J"
	h := newHome(t)
	h.start(t, "is ready", "dev", "--port", "0")
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/bad" {
			w.WriteHeader(http.StatusNotFound)
		}
		if r.URL.Path == "/image" {
			fmt.Fprint(w, image)
			return
		}
		fmt.Fprintf(w, "%s %s", r.Method, r.URL.Path)
	}))
	t.Cleanup(web.Close)
	address := freeAddress(t)
	file := config(t, fmt.Sprintf("listen: %[1]s\nroutes:\n"+
		"- {path: /page, upstream: '%[2]s/page', price: 0.01}\n- {path: /bad, upstream: '%[2]s/bad', price: 0.01}\n- {path: /image, upstream: '%[2]s/image', price: 0.01}\n"+
		"- {path: /form, method: POST, upstream: '%[2]s/form', price: 0.01}\n", address, web.URL))
	h.start(t, "selling on", "gateway", "--config", file)
	url := "http://" + address
	if poor := h.run(t, "pay-url", url+"/page", "--json"); poor.code != 1 || decode[map[string]agent.Problem](t, poor.stdout)["error"].Code != "balance_exhausted" {
		t.Errorf("without a deposit: %+v", poor)
	}
	if out := h.ok(t, "pay-url", url+"/page", "--deposit", "1"); out != "GET /page" {
		t.Errorf("the page is %q", out)
	}
	if out := h.ok(t, "pay-url", url+"/form", "--input", file, "--json"); decode[map[string]any](t, out)["body"] != "POST /form" {
		t.Errorf("the form is %s", out)
	}
	if dear := h.run(t, "pay-url", url+"/page", "--max-price", "0.001"); dear.code != 1 || !strings.Contains(dear.stderr, "refused by policy") {
		t.Errorf("above the limit: %+v", dear)
	}
	if out := h.ok(t, "pay-url", url+"/image"); out != image {
		t.Errorf("an image into a pipe is %q", out)
	}
	if full := h.run(t, "pay-url", url+"/page", "-o", "/dev/full"); full.code != 1 || full.stdout != "GET /page" || !strings.Contains(full.stderr, "paid 0.01 USDC") || !strings.Contains(full.stderr, "--output") {
		t.Errorf("a page for a disk that is full: %+v", full)
	}
	h.overwritesNothing(t, url)
	if bad := h.run(t, "pay-url", url+"/bad"); bad.code != 1 || !strings.Contains(bad.stderr, "404") {
		t.Errorf("a page that is not there: %+v", bad)
	}
	if out := h.ok(t, "pay-url", url+"/page", "--refund"); !strings.Contains(out, "refunded 0.96 USDC") {
		t.Errorf("refund prints %q", out)
	}
	if usage := h.run(t, "pay-url", url, "--header", "nothing"); usage.code != 2 {
		t.Errorf("a header that is none: %+v", usage)
	}
}

// overwritesNothing holds that a page that is not paid for takes no file's place.
func (h home) overwritesNothing(t testing.TB, url string) {
	t.Helper()
	kept := filepath.Join(t.TempDir(), "page")
	if err := os.WriteFile(kept, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	bad := h.run(t, "pay-url", url+"/bad", "-o", kept)
	if text, err := os.ReadFile(kept); bad.code != 1 || err != nil || string(text) != "mine" {
		t.Errorf("a page that is not there became the file %q, %v: %+v", text, err, bad)
	}
	dear := h.run(t, "pay-url", url+"/page", "-o", kept, "--max-price", "0.001")
	if text, err := os.ReadFile(kept); dear.code != 1 || err != nil || string(text) != "mine" {
		t.Errorf("a page that is too dear became the file %q, %v: %+v", text, err, dear)
	}
}
