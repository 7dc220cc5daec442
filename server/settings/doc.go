// Package settings reads YAML files that people write.
//
// The text of a file flows in, and its settings flow out into what the caller names: a program says
// by a [Setting] for each key what it takes. Everything that is wrong is said at once, a [Problem]
// each, with its line and its key. Texts of the environment stand in for ${NAME} where a setting is
// a secret, and no problem shows the value of one. It opens no file.
package settings
