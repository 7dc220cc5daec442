package dial

import "context"

type narrowedKey struct{}

// Narrowed is a context whose requests show a narrower token than the one that they would, or
// none where it is empty.
func Narrowed(ctx context.Context, token string) context.Context {
	return context.WithValue(ctx, narrowedKey{}, token)
}

// Bearer is the header that shows a token, or what it is narrowed to for a request.
func Bearer(token string) func(context.Context) map[string]string {
	return func(ctx context.Context) map[string]string {
		shown := token
		if narrower, is := ctx.Value(narrowedKey{}).(string); is {
			shown = narrower
		}
		if shown == "" {
			return nil
		}
		return map[string]string{"Authorization": "Bearer " + shown}
	}
}
