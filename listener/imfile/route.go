package imfile

import (
	"os"
	"strings"
)

// maxLinks bounds the symbolic links on the way to a file, as the kernel does.
const maxLinks = 40

// routes finds the way to paths: the directories that they lead through, links included. What
// changes on the way may lead elsewhere, so each step is to be watched. One is made for a scan
// and remembers what it found.
type routes struct {
	// step is called for each name that is looked up in a directory, by its path without
	// symbolic links; also for the first one that does not exist.
	step func(dir, name string)
	real map[string]string // of directories
}

// dir returns a directory's path without symbolic links, absolute, or the path itself where
// it does not exist. As for the kernel, .. is the parent of where a link leads to.
func (r *routes) dir(path string) string { return r.resolve(path, maxLinks) }

func (r *routes) resolve(path string, links int) string {
	if real, ok := r.real[path]; ok {
		return real
	}
	real := path
	parent, name := cutName(path)
	switch {
	case path == "/":
	case path == "." || path == "":
		if wd, err := os.Getwd(); err == nil {
			real = wd // the process holds it, whatever happens above
		}
	case name == "" || name == ".":
		real = r.resolve(parent, links)
	case name == "..":
		real, _ = cutName(r.resolve(parent, links))
	default:
		real = r.follow(r.resolve(parent, links), name, links)
	}
	if r.real == nil {
		r.real = map[string]string{}
	}
	r.real[path] = real
	return real
}

// follow looks up a name in a directory without symbolic links.
func (r *routes) follow(dir, name string, links int) string {
	r.step(dir, name)
	path := join(dir, name)
	info, err := os.Lstat(path)
	if err != nil || info.Mode()&os.ModeSymlink == 0 || links == 0 {
		return path
	}
	target, err := os.Readlink(path)
	if err != nil {
		return path
	}
	if !strings.HasPrefix(target, "/") {
		target = join(dir, target)
	}
	return r.resolve(target, links-1)
}

// join puts a name behind a directory. Unlike filepath.Join it leaves .. to the kernel.
func join(dir, name string) string {
	switch {
	case dir == "." || dir == "":
		return name
	case strings.HasSuffix(dir, "/"):
		return dir + name
	}
	return dir + "/" + name
}

// cutName splits a path at its last slash. Slashes between them belong to neither.
func cutName(path string) (dir, name string) {
	i := strings.LastIndexByte(path, '/')
	dir, name = strings.TrimRight(path[:max(i, 0)], "/"), path[i+1:]
	switch {
	case dir == "" && i >= 0:
		dir = "/"
	case dir == "":
		dir = "."
	}
	return dir, name
}
