package link

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
)

// OnlyAsTask says whether a tool only runs as a task.
func OnlyAsTask(tool mcp.Tool) bool {
	return tool.Execution != nil && tool.Execution.TaskSupport == mcp.TaskSupportRequired
}

// RunTask calls a tool that only runs as a task, and waits for its result: clients see
// a plain tool, which can be charged by the call. A task whose client does not wait
// for it is cancelled.
func (l *Link) RunTask(ctx context.Context, call mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	params := map[string]any{"name": call.Params.Name, "task": struct{}{}, "_meta": call.Params.Meta}
	if arguments := call.GetRawArguments(); arguments != nil {
		params["arguments"] = arguments
	}
	raw, err := l.Request(ctx, mcp.MethodToolsCall, params)
	if err != nil {
		return nil, err
	}
	var created struct{ Task struct{ TaskID string } }
	if err := json.Unmarshal(raw, &created); err != nil || created.Task.TaskID == "" {
		return nil, errors.New("the upstream did not make a task of the call")
	}
	task := map[string]any{"taskId": created.Task.TaskID}
	raw, err = l.Request(ctx, mcp.MethodTasksResult, maps.Clone(task))
	if err != nil {
		if ctx.Err() != nil {
			l.abandon(ctx, task)
		}
		return nil, err
	}
	return mcp.ParseCallToolResult(&raw)
}

// abandonTime is how long an upstream may take to hear that a task is not wanted.
const abandonTime = 2 * time.Second

func (l *Link) abandon(ctx context.Context, task map[string]any) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abandonTime)
	defer cancel()
	_, _ = l.Request(ctx, mcp.MethodTasksCancel, task) // it then runs to its end for nobody
}
