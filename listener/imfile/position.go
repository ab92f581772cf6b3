package imfile

import "syslogd/internal/vfs"

// restore finds out where to read on in a file that was just opened.
func (in *input) restore(t *tail, info vfs.Info) {
	st := in.load(t, info)
	switch {
	case st != nil:
		t.at = place{st.position(), skip{st.SkipLine, st.SkipMsg}}
		t.saved = t.at
	case in.first && in.conf.FreshTail:
		t.at.pos = info.Size
		in.save(t, t.at)
	}
}

// load returns the state of a file, nil if it has none, or that of another file
// which had the same inode.
func (in *input) load(t *tail, info vfs.Info) *state {
	var names []string
	if info.Size >= headSize {
		if head, err := headOf(t.file, headSize); err == nil && head != "" {
			names = append(names, stateName(t.id.ino, head, in.nth(t.path)))
		}
	}
	names = append(names, stateName(t.id.ino, "", in.nth(t.path)))
	for _, name := range names {
		st, err := in.states.load(name)
		if err != nil {
			in.env.Log.Error("state file can not be used, the file is read from its start", "file", t.path, "err", err)
			continue
		}
		if st == nil {
			continue
		}
		t.state = name
		if in.fits(t, st, info) {
			return st
		}
	}
	return nil
}

// fits reports whether the state is that of the file as it is now.
func (in *input) fits(t *tail, st *state, info vfs.Info) bool {
	if st.position() > info.Size {
		return false // it became shorter
	}
	if st.Head == "" || st.HeadLen <= 0 || st.HeadLen > headSize {
		return true
	}
	head, err := headOf(t.file, st.HeadLen)
	return err == nil && head == st.Head
}

// nth is how many inputs before this one read the file: each has a state of its own.
func (in *input) nth(path string) int {
	n := 0
	for _, other := range in.earlier {
		if other.pattern.matches(path) {
			n++
		}
	}
	return n
}

// savePass saves the positions that changed.
func (in *input) savePass() {
	for _, t := range in.all() {
		in.save(t, t.settled())
	}
}

// save writes the state of a file.
func (in *input) save(t *tail, at place) {
	if at == t.saved || t.file == nil {
		return
	}
	st := &state{Filename: t.path, Offset: at.pos, Start: at.pos, SkipLine: at.skip.line, SkipMsg: at.skip.message}
	if n := int(min(at.pos, headSize)); n > 0 {
		if head, err := headOf(t.file, n); err == nil && head != "" {
			st.Head, st.HeadLen = head, n
		}
	}
	if st.HeadLen == headSize {
		t.head = st.Head
	} else if t.head == "" {
		t.head, _ = headOf(t.file, headSize)
	}
	name := stateName(t.id.ino, t.head, in.nth(t.path))
	if err := in.states.save(name, st); err != nil {
		if in.saveWarn.Allow() {
			in.env.Log.Error("state of a file can not be saved, after a restart messages are read twice", "file", t.path, "err", err)
		}
		return
	}
	if t.state != "" && t.state != name {
		in.states.remove(t.state)
	}
	t.state, t.saved, t.lines = name, at, 0
}

// forget removes the state of a file.
func (in *input) forget(t *tail) {
	if t.state == "" {
		return
	}
	if err := in.states.remove(t.state); err != nil && in.saveWarn.Allow() {
		in.env.Log.Error("state file can not be removed", "file", t.path, "err", err)
	}
	t.state, t.head = "", ""
}
