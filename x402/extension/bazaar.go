package extension

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/chitpay/chit/x402"
)

// NameBazaar is the name of the extension by which a seller says, beside its terms, how what it
// sells is called, so that facilitators can list it.
const NameBazaar = "bazaar"

// MaxDiscovery is the longest value of the extension that is announced, in bytes: it is sent with
// the terms, and stock payers send it back with the payment, over HTTP in a header.
const MaxDiscovery = 8 << 10

// What a [DiscoveryInput] can be about.
const (
	DiscoveryMCP  = "mcp"
	DiscoveryHTTP = "http"
)

// Discovery says how something that is sold is called, and what it answers.
type Discovery struct {
	Info DiscoveryInfo `json:"info"`
	// Schema is a JSON Schema (draft 2020-12) of Info.
	Schema jsontext.Value `json:"schema,omitzero"`
	// RouteTemplate is the path of a route with its parameters as ":name", empty without any.
	RouteTemplate string         `json:"routeTemplate,omitzero"`
	Unknown       jsontext.Value `json:",embed"`
}

// DiscoveryInfo is what a [Discovery] says.
type DiscoveryInfo struct {
	Input DiscoveryInput `json:"input"`
	// Output is nil where nothing is said of the answer.
	Output  *DiscoveryOutput `json:"output,omitzero"`
	Unknown jsontext.Value   `json:",embed"`
}

// DiscoveryInput is how a tool, or a route, is called. Empty members are absent.
type DiscoveryInput struct {
	// Type is [DiscoveryMCP] or [DiscoveryHTTP].
	Type string `json:"type"`
	// ToolName, Description, Transport ("streamable-http" or "sse") and InputSchema, a JSON
	// Schema, are of a tool.
	ToolName    string         `json:"toolName,omitzero"`
	Description string         `json:"description,omitzero"`
	Transport   string         `json:"transport,omitzero"`
	InputSchema jsontext.Value `json:"inputSchema,omitzero"`
	// Method, PathParams and QueryParams are of a route, BodyType ("json", "form-data" or "text")
	// and Body of one that takes a body; but for the first they are examples.
	Method      string         `json:"method,omitzero"`
	PathParams  jsontext.Value `json:"pathParams,omitzero"`
	QueryParams jsontext.Value `json:"queryParams,omitzero"`
	BodyType    string         `json:"bodyType,omitzero"`
	Body        jsontext.Value `json:"body,omitzero"`
	Unknown     jsontext.Value `json:",embed"`
}

// DiscoveryOutput is what is answered.
type DiscoveryOutput struct {
	// Type is that of the answer, such as "json".
	Type    string         `json:"type,omitzero"`
	Unknown jsontext.Value `json:",embed"`
}

// ReadDiscovery is what the extension bazaar says, nil if there is none. It is held against the
// same rules as by the standard's own reader, but for the schema, against which nothing is held:
// errors wrap [x402.ErrMalformed].
func ReadDiscovery(from x402.Extensions) (*Discovery, error) {
	d, err := x402.ReadExtension[Discovery](from, NameBazaar)
	if err != nil || d == nil {
		return nil, err
	}
	return d, d.Info.Input.check()
}

func (in *DiscoveryInput) check() error {
	wrong := func(member, value, want string) error {
		return x402.Malformed("extensions."+NameBazaar+".info.input."+member, strconv.Quote(value), want)
	}
	bodied := slices.Contains([]string{http.MethodPost, http.MethodPut, http.MethodPatch}, in.Method)
	switch {
	case in.Type == DiscoveryMCP && in.ToolName == "":
		return wrong("toolName", "", "a name")
	case in.Type == DiscoveryMCP && in.InputSchema.Kind() != '{':
		return wrong("inputSchema", string(in.InputSchema[:min(len(in.InputSchema), 40)]), "a JSON Schema")
	case in.Type == DiscoveryMCP && !slices.Contains([]string{"", "streamable-http", "sse"}, in.Transport):
		return wrong("transport", in.Transport, "streamable-http or sse")
	case in.Type == DiscoveryMCP:
		return nil
	case in.Type != DiscoveryHTTP:
		return wrong("type", in.Type, "http or mcp")
	case !bodied && !slices.Contains([]string{"", http.MethodGet, http.MethodHead, http.MethodDelete}, in.Method):
		return wrong("method", in.Method, "GET, HEAD, DELETE, POST, PUT or PATCH")
	case !slices.Contains([]string{"", "json", "form-data", "text"}, in.BodyType):
		return wrong("bodyType", in.BodyType, "json, form-data or text")
	case in.BodyType != "" && in.Method != "" && !bodied:
		return wrong("bodyType", in.BodyType, "none with "+in.Method)
	}
	return nil
}

// SoldTool is a tool as the extension announces it.
type SoldTool struct {
	Name, Description string
	// Input and Output are JSON Schemas of the arguments and of the structured result; Output is
	// nil where the tool has none.
	Input, Output jsontext.Value
}

// AnnounceTool returns a copy of the extensions of terms that says how a tool is called. They
// stay as they are where that is longer than [MaxDiscovery], or Input is no object.
func AnnounceTool(extensions x402.Extensions, t SoldTool) (x402.Extensions, error) {
	if t.Input.Kind() != '{' || len(t.Input)+len(t.Output)+len(t.Description) > MaxDiscovery {
		return extensions, nil
	}
	d := Discovery{Info: DiscoveryInfo{Input: DiscoveryInput{Type: DiscoveryMCP, ToolName: t.Name, Description: t.Description, InputSchema: t.Input}}}
	input := object{"type": constant(DiscoveryMCP), "toolName": typed("string"), "inputSchema": typed("object")}
	if t.Description != "" {
		input["description"] = typed("string")
	}
	members := object{"input": closed(input, "type", "toolName", "inputSchema")}
	if t.Output.Kind() == '{' {
		d.Info.Output = &DiscoveryOutput{Type: "json"}
		members["output"] = output(t.Output)
	}
	return d.announce(extensions, members)
}

// SoldRoute is a route as the extension announces it.
type SoldRoute struct {
	// Method is one of HTTP's, in capitals.
	Method string
	// Template is the path with its parameters as ":name", empty where it has none, and
	// PathParams are what stood for each in the request.
	Template   string
	PathParams map[string]string
	// Query has a JSON Schema for each parameter of the query that is known.
	Query map[string]jsontext.Value
	// MimeType is that of the answer, or empty.
	MimeType string
}

// AnnounceRoute returns a copy of the extensions of terms that says how a route is asked. They
// stay as they are where that is longer than [MaxDiscovery], or of a method that the extension
// does not know.
func AnnounceRoute(extensions x402.Extensions, r SoldRoute) (x402.Extensions, error) {
	d := Discovery{Info: DiscoveryInfo{Input: DiscoveryInput{Type: DiscoveryHTTP, Method: r.Method}}, RouteTemplate: r.Template}
	if r.Method == "" || d.Info.Input.check() != nil {
		return extensions, nil
	}
	input := object{"type": constant(DiscoveryHTTP), "method": object{"type": "string", "enum": []string{r.Method}}}
	if len(r.PathParams) > 0 {
		params, err := json.Marshal(r.PathParams, json.Deterministic(true))
		if err != nil {
			return nil, fmt.Errorf("announce a route: %w", err)
		}
		d.Info.Input.PathParams, input["pathParams"] = params, typed("object")
	}
	if len(r.Query) > 0 {
		d.Info.Input.QueryParams, input["queryParams"] = jsontext.Value("{}"), object{"type": "object", "properties": r.Query}
	}
	members := object{"input": closed(input, "type", "method")}
	if r.MimeType != "" {
		d.Info.Output = &DiscoveryOutput{Type: cmp.Or(map[string]string{"application/json": "json"}[r.MimeType], r.MimeType)}
		members["output"] = output(nil)
	}
	return d.announce(extensions, members)
}

// announce adds it, with a schema of its members.
func (d *Discovery) announce(extensions x402.Extensions, members object) (x402.Extensions, error) {
	var err error
	if d.Schema, err = json.Marshal(object{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "properties": members, "required": []string{"input"},
	}, json.Deterministic(true)); err != nil {
		return nil, fmt.Errorf("encode the extension %s: %w", NameBazaar, err)
	}
	with, err := extensions.Encode(NameBazaar, d)
	if err != nil {
		return nil, err
	}
	if len(with[NameBazaar]) > MaxDiscovery {
		return extensions, nil
	}
	return with, nil
}

// object is one of a JSON Schema.
type object map[string]any

func typed(name string) object { return object{"type": name} }

func constant(value string) object { return object{"type": "string", "const": value} }

func closed(properties object, required ...string) object {
	return object{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
}

// output is the schema of a [DiscoveryOutput], whose example, if it had one, would be as schema
// says. One that refers to others is left out: in its new place it would refer to nothing.
func output(schema jsontext.Value) object {
	properties := object{"type": typed("string")}
	if schema != nil && !refers(schema) {
		properties["example"] = schema
	}
	return object{"type": "object", "properties": properties, "required": []string{"type"}}
}

// refers says whether a schema has a reference or an id anywhere.
func refers(schema jsontext.Value) bool {
	var tree any
	return json.Unmarshal(schema, &tree) != nil || hasReference(tree)
}

func hasReference(tree any) bool {
	switch v := tree.(type) {
	case []any:
		return slices.ContainsFunc(v, hasReference)
	case map[string]any:
		for name, value := range v {
			if slices.Contains(references, name) || hasReference(value) {
				return true
			}
		}
	}
	return false
}

// references are the words of JSON Schema that name a place, or lead to one.
var references = []string{"$ref", "$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$schema"}
