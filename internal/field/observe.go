package main

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// changed calls f for all that was made in the box.
func (b *box) changed(f func(path, place string, info fs.FileInfo)) {
	visit := func(root, prefix string) {
		filepath.WalkDir(root, func(place string, d fs.DirEntry, err error) error {
			path := prefix + strings.TrimPrefix(place, root)
			if err != nil || place == root || strings.HasPrefix(path, ownDir) || strings.HasPrefix(path, "/etc/") {
				return nil
			}
			if info, err := os.Lstat(place); err == nil {
				f(path, place, info)
			}
			return nil
		})
	}
	visit(upper, "")
	for _, d := range fresh {
		visit(at(d.path), d.path)
	}
}

func (b *box) observe() error {
	b.report.Files, b.report.Directories = map[string]file{}, map[string]file{}
	b.changed(func(path, place string, info fs.FileInfo) {
		s := info.Sys().(*syscall.Stat_t)
		entry := file{Mode: fs.FileMode(s.Mode & 0o7777), UID: s.Uid, GID: s.Gid}
		_, given := b.Files[path]
		_, appended := b.Appended[path]
		switch {
		case info.IsDir() && !b.before[path]:
			b.report.Directories[path] = entry
		case info.Mode().IsRegular() && !given && !appended:
			data, _ := os.ReadFile(place)
			entry.Data = data[:min(len(data), maxFile)]
			b.report.Files[path] = entry
		}
	})
	got := b.sink.result()
	b.report.Datagrams, b.report.Streams = got.Datagrams, got.Streams
	if out, err := os.ReadFile(at(ownDir + "/stdout")); err == nil {
		lines := slices.DeleteFunc(strings.Split(string(out), "\n"), func(s string) bool { return !mark.MatchString(s) })
		if len(lines) > 0 {
			b.report.Streams["standard output"] = [][]byte{[]byte(strings.Join(lines, "\n"))}
		}
	}
	if b.answer == nil {
		return nil
	}
	var far received
	if err := json.Unmarshal(b.answer(), &far); err != nil {
		return err
	}
	maps.Copy(b.report.Datagrams, far.Datagrams)
	maps.Copy(b.report.Streams, far.Streams)
	return nil
}
