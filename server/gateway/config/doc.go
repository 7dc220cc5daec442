// Package config is the gateway's config file.
//
// The text of a file flows in, and a [Config] flows out, of which everything has been
// checked: names, globs, URLs, amounts, and that routes and prefixes go together. What is
// wrong is said at once, a [Problem] each, with its line and its key, and without the value of a
// secret. Texts of the environment stand in for ${NAME} in headers and variables. It
// opens nothing but the certificates that the file names.
package config
