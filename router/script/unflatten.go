package script

import (
	"strings"

	"syslogd/message"
	"syslogd/router/property"
)

// maxFlat bounds how deep a single key can nest.
const maxFlat = 100

// unflatten is unflatten(tree, separator) of fmunflatten: keys with separators
// become nested objects. What is no object is returned as it is.
func unflatten(a []Value, _ *message.Message, ctx *property.Context) Value {
	ctx.ScriptError = 0
	switch {
	case a[0].kind == str && len(a[0].s) == 0: // a variable that is not there
		ctx.ScriptError = 1
		return number(0)
	case a[0].kind != obj || a[0].j.Kind() != message.Object:
		return a[0]
	}
	out := message.ObjectValue()
	nest(&out, a[0].j, a[1].String())
	return Value{kind: obj, j: &out}
}

// nest puts the members of src below dst. What comes later replaces what is no
// object; objects merge.
func nest(dst, src *message.Value, sep string) {
	for i := range src.Len() {
		key, val := src.Member(i)
		path := []string{key}
		if sep != "" && strings.Count(key, sep) < maxFlat {
			path = strings.Split(key, sep)
		}
		at := dst
		for _, k := range path[:len(path)-1] {
			at = object(at, k)
		}
		last := path[len(path)-1]
		if val.Kind() == message.Object {
			nest(object(at, last), val, sep)
			continue
		}
		at.Put(last, val.Clone(), true)
	}
}

// object returns the member called key, which it makes an object.
func object(v *message.Value, key string) *message.Value {
	if m := v.Get(key, true); m == nil || m.Kind() != message.Object {
		v.Put(key, message.ObjectValue(), true)
	}
	return v.Get(key, true)
}
