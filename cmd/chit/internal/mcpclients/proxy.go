package mcpclients

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/chitpay/chit/cmd/chit/internal/profile"
)

// Proxy is this program as an MCP client has to start it, to pay for the profile's server: a
// client starts it in any folder and without this shell's variables, so all that matters is
// an argument. The file of the passphrase may be empty.
func Proxy(name string, p *profile.Profile, passphraseFile string) (Server, error) {
	program, err := os.Executable()
	if err != nil {
		return Server{}, fmt.Errorf("find this program: %w", err)
	}
	home, err := filepath.Abs(string(p.Home()))
	if err != nil {
		return Server{}, err
	}
	args := []string{"--home", home, "--profile", p.Name()}
	if file := passphraseFile; file != "" {
		if file, err = filepath.Abs(file); err != nil {
			return Server{}, err
		}
		args = append(args, "--passphrase-file", file)
	}
	return Server{Name: name, Command: program, Args: append(args, "proxy", p.Server)}, nil
}
