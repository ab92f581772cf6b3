package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"syslogd/config"
	"syslogd/engine"
)

func TestMistakesInTablesAndBuckets(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"good.json": `{"table":[]}`, "bad.json": "{\n  broken\n}"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const table = `lookup_table(name="t" file="@DIR@/good.json")` + "\n"
	for _, test := range []struct{ conf, at, want string }{
		{`lookup_table(name="t")`, ":1:1", `needs the parameter "file"`},
		{`lookup_table(name="t" file="@DIR@/none.json")`, ":1:28", `"t" can not be read: no such file`},
		{`lookup_table(name="t" file="@DIR@/bad.json")`, ":1:28", `invalid character 'b'`},
		{table + table, ":2:1", "defined twice"},
		{table + `set $.x = lookup("T", $msg);`, ":2:18", `there is no lookup table "T"`},
		{table + `set $.x = lookup($msg, $msg);`, ":2:18", "must be a constant"},
		{table + `reload_lookup_table("u")`, ":2:21", `there is no lookup table "u"`},
		{`dyn_stats(name="s" maxCardinality="0")`, ":1:35", "maxCardinality: want"},
		{`dyn_stats(name="s" persistStateInterval="5")`, ":1:1", "neither statefile.directory nor global(workDirectory)"},
		{`global(stdlog.channelspec="tcp:host")`, ":1:27", "want syslog:, uxsock:PATH or file:PATH"},
		{`global(stdlog.channelspec="journal:")`, ":1:27", "the journal is not written to directly"},
		{`dyn_stats(name="s") dyn_stats(name="s")`, ":1:21", "defined twice"},
		{`set $.x = dyn_inc("s", $msg);`, ":1:19", `there is no dyn_stats() bucket "s"`},
		{`percentile_stats(name="s" percentiles=["50","101"])`, ":1:39", `found "101"`},
		{`set $.x = percentile_observe("s", $msg, 1);`, ":1:30", `there is no percentile_stats() bucket "s"`},
		{`module(load="immark") input(type="immark")`, ":1:34", `has no input() objects`},
		{`timezone(id="CET" offset="one")`, ":1:26", `found "one"`},
	} {
		_, diags, err := config.Load("x.conf", []byte(strings.ReplaceAll(test.conf, "@DIR@", dir)), engine.Modules(), config.Options{})
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, d := range diags.All() {
			found = found || strings.Contains(d.Text, test.want) && strings.HasSuffix(d.Range.Start.String(), test.at)
		}
		if !found {
			t.Errorf("%s:\n want %s %s\n got %+v", test.conf, test.at, test.want, diags.All())
		}
	}
}
