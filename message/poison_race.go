//go:build race

package message

// poison makes Release overwrite memory in builds with the race detector, so
// that a reader that comes too late fails in a test.
const poison = true
