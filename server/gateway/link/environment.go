package link

import (
	"os"
	"strings"
)

// ordinary are the variables of its own environment that the gateway lets a program see:
// none holds a secret. Every other is the config's to give.
var ordinary = []string{
	"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TERM", "TMPDIR", "TMP", "TEMP",
	"SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS",
}

// ordinaryPrefixes begin the names of whole families of them.
var ordinaryPrefixes = []string{"LC_", "XDG_"}

// environment is what a program sees: what every program needs, and what the config's env
// names. The rest of the gateway's own environment is full of secrets: chit's keys and
// passphrases, and those of the other upstreams.
func environment(given map[string]string) []string {
	env := []string{} // nil would be everything
	for _, name := range ordinary {
		if value, set := os.LookupEnv(name); set {
			env = append(env, name+"="+value)
		}
	}
	for _, variable := range os.Environ() {
		for _, prefix := range ordinaryPrefixes {
			if strings.HasPrefix(variable, prefix) {
				env = append(env, variable)
			}
		}
	}
	for name, value := range given {
		env = append(env, name+"="+value)
	}
	return env
}
