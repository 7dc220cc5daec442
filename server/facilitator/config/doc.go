// Package config is the facilitator's config file.
//
// The text of a file flows in, and a [Config] flows out, of which everything has been checked that
// can be without a chain: names, URLs, hashes, amounts of gas money, and that a facilitator without
// keys listens on loopback alone. What is wrong is said at once, a [Problem] each, with its line and
// its key, and without the value of a secret. Texts of the environment stand in for ${NAME} in the
// URLs of endpoints.
package config
