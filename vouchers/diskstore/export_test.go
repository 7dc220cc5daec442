package diskstore

// WithFail has a step fail by the error that fail returns at its point: see the points of the
// journal, and "checkpoint", "checkpointed", "seal", "sealed answers" and "sealed".
func WithFail(fail func(point string) error) Option {
	return func(o *options) { o.fail, o.failJournal = fail, fail }
}

// WithSegments sets from how many bytes on a segment of the journal is full, and by how many
// the checkpoint is behind at most.
func WithSegments(segment, checkpoint int64) Option {
	return func(o *options) { o.segment, o.checkpointAt = segment, checkpoint }
}

// Settle brings the checkpoint up to the journal, and seals what can be.
func (s *Store) Settle() { _ = s.keeper.work(s.checkpoint, s.sealNext, s.forgetAnswers) } // Err tells

// JournalEnd is where the records of the newest segment end, in bytes.
func (s *Store) JournalEnd() int64 { return s.journal.End().Offset }

// Hold calls f while nothing but the newest segment of the journal changes.
func (s *Store) Hold(f func()) {
	s.upkeep.Lock()
	defer s.upkeep.Unlock()
	f()
}
