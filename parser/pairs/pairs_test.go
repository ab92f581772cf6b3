package pairs

import (
	"strings"
	"testing"
	"time"

	"syslogd/message"
)

func TestPairs(t *testing.T) {
	o := Default()
	for _, c := range [][2]string{
		{`a=1 b="two words" c='x' d=`, `{"a":"1","b":"two words","c":"x","d":""}`},
		{`type=event,level="no\"tice"|x=y;z=1`, `{"type":"event","level":"no\"tice","x":"y","z":"1"}`},
		{"words first=1 and words last=2\tt=3", `{"first":"1","last":"2","t":"3"}`},
		{`a=1 a=2`, `{"a":"1"}`},
		{`a="open b=1`, `{"a":"\"open","b":"1"}`},
		{`=x == a`, `{}`},
		{`url=http:\/\/h\/?q=1 n=2`, `{"url":"http:\\\/\\\/h\\\/?q=1","n":"2"}`},
	} {
		v := o.Read([]byte(c[0]))
		if got := string(v.AppendJSON(nil, true)); got != c[1] {
			t.Errorf("%s\n got  %s\n want %s", c[0], got, c[1])
		}
	}
}

func TestStructured(t *testing.T) {
	for _, c := range []struct{ text, format, want string }{
		{`CEF:0|Acme|Wall|1.0|100|Port scan|7|src=10.0.0.1 msg=two words act=deny`, "", `{"format":"CEF","vendor":"Acme","product":"Wall","version":"1.0","mnemonic":"100","name":"Port scan","severity":"7","fields":{"src":"10.0.0.1","msg":"two words","act":"deny"}}`},
		{`0|Ac\|me|Wa\\ll|1|2|n|3|`, "CEF", `{"format":"CEF","vendor":"Ac|me","product":"Wa\\ll","version":"1","mnemonic":"2","name":"n","severity":"3","fields":{}}`},
		{`app CEF:0|a|b|1|2|n|3|request=http://h/?a\=b cs1=x\ny = z filePath=C:\\d`, "", `{"format":"CEF","vendor":"a","product":"b","version":"1","mnemonic":"2","name":"n","severity":"3","fields":{"request":"http:\/\/h\/?a=b","cs1":"x\ny = z","filePath":"C:\\d"}}`},
		{"LEEF:1.0|Acme|Wall|4.0|15345|src=1.2.3.4\tusrName=a b\tsev=5", "", `{"format":"LEEF","vendor":"Acme","product":"Wall","version":"4.0","mnemonic":"15345","fields":{"src":"1.2.3.4","usrName":"a b","sev":"5"}}`},
		{"1.0|Acme|Wall|4.0|15345|src=1.2.3.4#011sev=5", "LEEF", `{"format":"LEEF","vendor":"Acme","product":"Wall","version":"4.0","mnemonic":"15345","fields":{"src":"1.2.3.4","sev":"5"}}`},
		{"LEEF:2.0|Acme|Wall|4.0|15345|^|src=1.2.3.4^sev=5", "", `{"format":"LEEF","vendor":"Acme","product":"Wall","version":"4.0","mnemonic":"15345","fields":{"src":"1.2.3.4","sev":"5"}}`},
		{"LEEF:2.0|Acme|Wall|4.0|15345|x7C|src=1.2.3.4|sev=5", "", `{"format":"LEEF","vendor":"Acme","product":"Wall","version":"4.0","mnemonic":"15345","fields":{"src":"1.2.3.4","sev":"5"}}`},
		{"CEF:0|too|short", "", ""},
		{"xCEF:0|a|b|1|2|n|3|", "", ""},
		{"nothing", "", ""},
	} {
		h, ok := Structured([]byte(c.text), c.format)
		got := ""
		if ok {
			all := message.ObjectValue()
			h.Put(&all)
			got = string(all.AppendJSON(nil, true))
		}
		if got != c.want {
			t.Errorf("%s\n got  %s\n want %s", c.text, got, c.want)
		}
	}
}

func TestTimeIsLinear(t *testing.T) {
	o := Default()
	for _, part := range []string{"=", "a=", "a=b ", "\"", "a=\"", "\\", "|", "#011", "a=b#011", "a b"} {
		text := func(n int) []byte { return []byte("CEF:0|a|b|1|2|n|3|" + strings.Repeat(part, n/len(part))) }
		leef := func(n int) []byte { return []byte("LEEF:1.0|a|b|1|2|" + strings.Repeat(part, n/len(part))) }
		cost := func(n int) time.Duration {
			least := time.Hour
			for range 5 {
				start := time.Now()
				Structured(text(n), "")
				Structured(leef(n), "")
				o.Read(text(n))
				least = min(least, time.Since(start))
			}
			return least
		}
		if short, long := cost(4<<10), cost(64<<10); long > 100*max(short, 20*time.Microsecond) {
			t.Errorf("%q: %v for 4 KiB, %v for 64 KiB", part, short, long)
		}
	}
}

func FuzzStructured(f *testing.F) {
	f.Add([]byte("CEF:0|a|b|1|2|n|3|a=b c=d"))
	f.Add([]byte("LEEF:2.0|a|b|1|2|^|a=b^c=d"))
	f.Add([]byte("a=\"b\" c='d'"))
	f.Fuzz(func(t *testing.T, text []byte) {
		o := Default()
		if v := o.Read(text); v.Len() > Max {
			t.Fatalf("%d pairs", v.Len())
		}
		if h, ok := Structured(text, "LEEF"); ok && h.Fields.Len() > Max {
			t.Fatalf("%d fields", h.Fields.Len())
		}
		Structured(text, "CEF")
	})
}
