package journal

// SyncData is what Append does once it has written.
var SyncData = syncData
