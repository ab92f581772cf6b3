//go:build !race

package message

const poison = false
