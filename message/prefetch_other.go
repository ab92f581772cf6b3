//go:build !amd64

package message

func prefetch(*Message) {}
