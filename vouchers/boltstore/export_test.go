package boltstore

import "go.etcd.io/bbolt"

// WithCommit puts commit in place of the step that makes a transaction durable.
func WithCommit(commit func(*bbolt.Tx) error) Option { return func(o *options) { o.commit = commit } }

// WithMigration makes the file's format one version newer.
func WithMigration(step func(*bbolt.Tx) error) Option {
	return func(o *options) { o.steps = append(append([]migration(nil), o.steps...), step) }
}
