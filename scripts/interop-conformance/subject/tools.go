package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
)

// unusedTool is one that no scenario calls.
const unusedTool = "unused"

// pause is what the suite asks a tool to wait between two notifications. It is kept
// after the last one too: mcp-go loses one that goes out at the same time as the answer.
const pause = 50 * time.Millisecond

const (
	image = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
	audio = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA="
)

// newSubject is the server that the suite describes.
func newSubject() *mcpserver.MCPServer {
	s := mcpserver.NewMCPServer("conformance subject", "1",
		mcpserver.WithToolCapabilities(true), mcpserver.WithResourceCapabilities(true, true), mcpserver.WithPromptCapabilities(true),
		mcpserver.WithCompletions(), mcpserver.WithLogging(), mcpserver.WithElicitation(),
	)
	s.EnableSampling()
	addContentTools(s)
	addNotifyingTools(s)
	addAskingTools(s)
	addResources(s)
	addPrompts(s)
	return s
}

func addContentTools(s *mcpserver.MCPServer) {
	text := mcp.NewTextContent("This is a simple text response for testing.")
	picture := mcp.NewImageContent(image, "image/png")
	embedded := mcp.NewEmbeddedResource(mcp.TextResourceContents{
		URI: "test://embedded-resource", MIMEType: "text/plain", Text: "This is an embedded resource content.",
	})
	mixed := mcp.NewEmbeddedResource(mcp.TextResourceContents{
		URI: "test://mixed-content-resource", MIMEType: "application/json", Text: `{"test":"data","value":123}`,
	})
	for name, content := range map[string][]mcp.Content{
		unusedTool:                    {text},
		"test_simple_text":            {text},
		"test_image_content":          {picture},
		"test_audio_content":          {mcp.NewAudioContent(audio, "audio/wav")},
		"test_embedded_resource":      {embedded},
		"test_multiple_content_types": {text, picture, mixed},
	} {
		s.AddTool(mcp.NewTool(name, mcp.WithDescription("Returns content")), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return &mcp.CallToolResult{Content: content}, nil
		})
	}
	s.AddTool(mcp.NewTool("test_error_handling", mcp.WithDescription("Fails")), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultError("This tool intentionally returns an error for testing"), nil
	})
	schema := json.RawMessage(`{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"type": "object",
		"$defs": {"address": {"type": "object", "properties": {"street": {"type": "string"}, "city": {"type": "string"}}}},
		"properties": {"name": {"type": "string"}, "address": {"$ref": "#/$defs/address"}},
		"additionalProperties": false
	}`)
	s.AddTool(mcp.NewToolWithRawSchema("json_schema_2020_12_tool", "Has a schema of 2020-12", schema), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return &mcp.CallToolResult{Content: []mcp.Content{text}}, nil
	})
}

func addNotifyingTools(s *mcpserver.MCPServer) {
	s.AddTool(mcp.NewTool("test_tool_with_logging", mcp.WithDescription("Logs as it works")), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		for _, message := range []string{"Tool execution started", "Tool processing data", "Tool execution completed"} {
			log := mcp.NewLoggingMessageNotification(mcp.LoggingLevelInfo, "subject", message)
			if err := s.SendLogMessageToClient(ctx, log); err != nil {
				return nil, err
			}
			time.Sleep(pause)
		}
		return mcp.NewToolResultText("logged"), nil
	})
	s.AddTool(mcp.NewTool("test_tool_with_progress", mcp.WithDescription("Says how far it is")), func(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		if request.Params.Meta == nil || request.Params.Meta.ProgressToken == nil {
			return mcp.NewToolResultText("nobody asked how far"), nil
		}
		for _, progress := range []int{0, 50, 100} {
			step := map[string]any{"progressToken": request.Params.Meta.ProgressToken, "progress": progress, "total": 100}
			if err := s.SendNotificationToClient(ctx, string(mcp.MethodNotificationProgress), step); err != nil {
				return nil, err
			}
			time.Sleep(pause)
		}
		return mcp.NewToolResultText("done"), nil
	})
}

// addAskingTools adds the tools that ask their client for something.
func addAskingTools(s *mcpserver.MCPServer) {
	s.AddTool(mcp.NewTool("test_sampling", mcp.WithDescription("Asks the client's model"), mcp.WithString("prompt", mcp.Required())), func(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		prompt := mcp.NewTextContent(request.GetString("prompt", ""))
		//lint:ignore SA1019 the suite has a scenario for it
		answer, err := s.RequestSampling(ctx, mcp.CreateMessageRequest{
			Request:             mcp.Request{Method: string(mcp.MethodSamplingCreateMessage)},
			CreateMessageParams: mcp.CreateMessageParams{Messages: []mcp.SamplingMessage{{Role: mcp.RoleUser, Content: prompt}}, MaxTokens: 100},
		})
		if err != nil {
			return mcp.NewToolResultError(err.Error()), nil
		}
		return mcp.NewToolResultText(fmt.Sprintf("LLM response: %v", answer.Content)), nil
	})
	type object = map[string]any
	text := object{"type": "string"}
	form := func(properties object, required ...string) object {
		return object{"type": "object", "properties": properties, "required": append([]string{}, required...)} // never null
	}
	ask := func(name string, schema object, options ...mcp.ToolOption) {
		options = append(options, mcp.WithDescription("Asks the user"))
		s.AddTool(mcp.NewTool(name, options...), func(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			answer, err := s.RequestElicitation(ctx, mcp.ElicitationRequest{
				Request: mcp.Request{Method: string(mcp.MethodElicitationCreate)},
				Params:  mcp.ElicitationParams{Message: request.GetString("message", "What shall it be?"), RequestedSchema: schema},
			})
			if err != nil {
				return mcp.NewToolResultError(err.Error()), nil
			}
			return mcp.NewToolResultText(fmt.Sprintf("Elicitation completed: action=%s, content=%v", answer.Action, answer.Content)), nil
		})
	}
	ask("test_elicitation", form(object{"username": text, "email": text}, "username", "email"), mcp.WithString("message", mcp.Required()))
	ask("test_elicitation_sep1034_defaults", form(object{
		"name":     object{"type": "string", "default": "John Doe"},
		"age":      object{"type": "integer", "default": 30},
		"score":    object{"type": "number", "default": 95.5},
		"status":   object{"type": "string", "enum": []string{"active", "inactive", "pending"}, "default": "active"},
		"verified": object{"type": "boolean", "default": true},
	}))
	options, titled := []string{"option1", "option2", "option3"}, []object{{"const": "value1", "title": "First"}, {"const": "value2", "title": "Second"}}
	ask("test_elicitation_sep1330_enums", form(object{
		"untitledSingle": object{"type": "string", "enum": options},
		"titledSingle":   object{"type": "string", "oneOf": titled},
		"legacyEnum":     object{"type": "string", "enum": []string{"opt1", "opt2"}, "enumNames": []string{"Option One", "Option Two"}},
		"untitledMulti":  object{"type": "array", "items": object{"type": "string", "enum": options}},
		"titledMulti":    object{"type": "array", "items": object{"anyOf": titled}},
	}))
}
