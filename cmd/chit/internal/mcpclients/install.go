package mcpclients

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/chitpay/chit/cmd/chit/internal/files"
)

// ErrFile says that a configuration file is not changed.
var ErrFile = errors.New("the configuration is not changed")

// Installed says what was written.
type Installed struct {
	// File was changed, and Backup is what it was before; empty where there was none.
	File   string `json:"file"`
	Backup string `json:"backup,omitempty"`
}

// Install writes a server into the client's configuration, in place of one with the
// same name. What else the file holds stays as it is. A file that is not plain JSON
// (some clients allow comments) is refused with an error that wraps [ErrFile].
func (c Client) Install(s Server) (Installed, error) {
	path, err := c.file()
	if err != nil {
		return Installed{}, err
	}
	done, err := c.install(path, s)
	if err != nil {
		return Installed{}, fmt.Errorf("%w: %s: %w", ErrFile, path, err)
	}
	return done, nil
}

func (c Client) install(path string, s Server) (Installed, error) {
	path, err := c.resolved(path)
	if err != nil {
		return Installed{}, err
	}
	before, err := os.ReadFile(path)
	isNew := errors.Is(err, fs.ErrNotExist)
	if err != nil && !isNew {
		return Installed{}, err
	}
	after, err := c.add(before, s)
	if err != nil {
		return Installed{}, fmt.Errorf("%w; add by hand what --print shows", err)
	}
	done := Installed{File: path}
	if !isNew {
		done.Backup = path + "." + time.Now().UTC().Format("20060102T150405.000000000Z") + ".bak"
		if err := files.Create(done.Backup, before, 0o600); err != nil {
			return Installed{}, err
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return Installed{}, err
	}
	return done, replace(path, []byte(after))
}

// resolved is where the configuration is. A link in the user's own folders, as from a
// folder of dotfiles, stays one; in the current folder, which may be anybody's, it is not
// followed.
func (c Client) resolved(path string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		return path, nil
	}
	if err != nil || !c.here {
		return real, err
	}
	if info, err := os.Lstat(path); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		return path, err
	}
	return "", fmt.Errorf("it is a link to %s; add by hand what --print shows", real)
}

// replace writes a file at once, in the mode that it had.
func replace(path string, text []byte) error {
	mode := fs.FileMode(0o600)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	return files.Replace(path, text, mode)
}

// set returns a JSON object with a value at a path of member names. Other members keep
// their order. Nothing at all stands for an empty object.
func set(object jsontext.Value, path []string, value jsontext.Value) (jsontext.Value, error) {
	if len(path) == 0 {
		return value, nil
	}
	if len(bytes.TrimSpace(object)) == 0 {
		object = jsontext.Value("{}")
	}
	in := jsontext.NewDecoder(bytes.NewReader(object))
	if start, err := in.ReadToken(); err != nil {
		return nil, err
	} else if start.Kind() != '{' {
		return nil, fmt.Errorf("where %q belongs there is no JSON object", path[0])
	}
	var out bytes.Buffer
	to := jsontext.NewEncoder(&out)
	errs := []error{to.WriteToken(jsontext.BeginObject)}
	found := false
	for in.PeekKind() == '"' {
		token, err := in.ReadToken()
		if err != nil {
			return nil, err
		}
		name := token.String()
		member, err := in.ReadValue()
		if err == nil && name == path[0] {
			found = true
			member, err = set(member.Clone(), path[1:], value)
		}
		if err != nil {
			return nil, err
		}
		errs = append(errs, to.WriteToken(jsontext.String(name)), to.WriteValue(member))
	}
	if _, err := in.ReadToken(); err != nil {
		return nil, err
	}
	if _, err := in.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more than one JSON value")
	}
	if !found {
		member, err := set(nil, path[1:], value)
		errs = append(errs, err, to.WriteToken(jsontext.String(path[0])), to.WriteValue(member))
	}
	errs = append(errs, to.WriteToken(jsontext.EndObject))
	return jsontext.Value(out.Bytes()), errors.Join(errs...)
}
