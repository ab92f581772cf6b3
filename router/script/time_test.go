package script

import (
	"strconv"
	"testing"
	"time"

	"syslogd/router/internal/testmsg"
)

func TestFormatTime(t *testing.T) {
	t.Parallel()
	check(t, testmsg.Parse(userInfo), newContext(), []row{
		{`format_time(1507165811, "date-rfc3164")`, `"Oct  5 01:10:11"`}, {`format_time(1507165811, "date-rfc3339")`, `"2017-10-05T01:10:11Z"`}, {`format_time("1507165811", "date-rfc3339")`, `"2017-10-05T01:10:11Z"`},
		{`format_time(0, "date-rfc3339")`, `"1970-01-01T00:00:00Z"`}, {`format_time("", "date-rfc3339")`, `"1970-01-01T00:00:00Z"`}, {`format_time(-1, "date-rfc3339")`, `"1969-12-31T23:59:59Z"`},
		{`format_time(951782400, "date-rfc3164")`, `"Feb 29 00:00:00"`}, {`format_time(253402300800, "date-rfc3339")`, `"10000-01-01T00:00:00Z"`},
		{`format_time("x", "date-rfc3339")`, `"x"`}, {`format_time(5, "other")`, `"5"`}, {`strlen(format_time(wrap("x", "0123456789012345678901234567890123456789"), "date-rfc3339"))`, "63"},
	})
	// No time is too far away.
	for _, n := range []string{"9223372036854775807", "-9223372036854775807 - 1"} {
		for _, format := range []string{"date-rfc3164", "date-rfc3339"} {
			compile(t, "format_time("+n+`, "`+format+`")`).Eval(testmsg.Parse(userInfo), newContext())
		}
	}
}

// Where a time is accepted, rsyslogd 8.2302 returns the same number, but for
// years before 1970 and for RFC 3164 times with a year.
func TestParseTime(t *testing.T) {
	t.Parallel()
	m, ctx := testmsg.Parse(userInfo), newContext()
	for in, want := range map[string]int64{
		"2017-10-05T01:10:11Z": 1507165811, "2017-10-05T01:10:11+04:00": 1507151411, "2017-10-05T01:10:11-05:00": 1507183811, "2017-10-05T01:10:11.5Z": 1507165811,
		"2017-10-05T01:10:11.123456789Z": 1507165811, "2017-10-05T01:10:11Z x": 1507165811, "2017-10-05T01:10:60Z": 1507165860, "2017-02-30T00:00:00Z": 1488412800,
		"2000-02-29T00:00:00Z": 951782400, "1969-12-31T23:59:59Z": -1,
		"Oct  5 01:10:11": 1791162611, "Oct 5 01:10:11": 1791162611, "Oct 05 01:10:11": 1791162611, "OCT  5 01:10:11": 1791162611, "oct  5 01:10:11 x": 1791162611, "Oct  5 01:10:11:": 1791162611,
		"Oct  5 01:10:11.5": 1791162611, "Oct  5 2016 01:10:11": 1475629811,
		// The year is that of November 24th, 2026, or of the next or the last month.
		"Jan  1 00:00:00": 1767225600, "Nov 24 00:00:00": 1795478400, "Dec 31 23:59:59": 1798761599, "Feb 29 00:00:00": 1772323200,
	} {
		p := compile(t, "parse_time("+strconv.Quote(in)+")")
		if got := p.Eval(m, ctx); show(got) != strconv.FormatInt(want, 10) || ctx.ScriptError != 0 {
			t.Errorf("%q: got %s, error %d; want %d", in, show(got), ctx.ScriptError, want)
		}
	}
	for _, in := range []string{
		"", "nonsense", "1507165811", " 2017-10-05T01:10:11Z", "2017-10-05T01:10:11Zx", "2017-10-05T01:10:11", "2017-10-05t01:10:11z", "2017-10-05T01:10:11,5Z", "2017-10-05T01:10:11.Z", "2017-10-05 01:10:11",
		"2017-10-05T24:10:00Z", "2017-10-05T01:60:00Z", "2017-10-05T01:10:61Z", "2017-13-05T01:10:11Z", "2017-00-05T01:10:11Z", "2017-10-32T01:10:11Z", "2017-10-05T01:10:11+0500", "2017-10-05T01:10:11+05", "2017-10-05T01:10:11+24:00",
		"20170-10-05T01:10:11Z", "-2017-10-05T01:10:11Z",
		" Oct  5 01:10:11", "Oct   5 01:10:11", "Oct  5 01:10", "Oct 32 01:10:11", "Oct 0 01:10:11", "Xxx  5 01:10:11", "Oct", "Octember 5 01:10:11", "Oct  5 01:10:11x", "2016 Oct  5 01:10:11",
	} {
		ctx.ScriptError = 0
		p := compile(t, "parse_time("+strconv.Quote(in)+")")
		if got := p.Eval(m, ctx); show(got) != "0" || ctx.ScriptError != 1 {
			t.Errorf("%q: got %s, error %d; want 0 and an error", in, show(got), ctx.ScriptError)
		}
	}
}

func TestYearOfATimeWithoutOne(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		now  string
		text string
		want string
	}{
		{"2026-01-15T00:00:00Z", "Jan 31 00:00:00", "2026"}, {"2026-01-15T00:00:00Z", "Feb 15 00:00:00", "2026"}, {"2026-01-15T00:00:00Z", "Mar 15 00:00:00", "2025"}, {"2026-01-15T00:00:00Z", "Dec 31 00:00:00", "2025"},
		{"2026-12-31T23:00:00Z", "Jan  1 00:00:00", "2027"}, {"2026-12-31T23:00:00Z", "Feb  1 00:00:00", "2026"}, {"2026-12-31T23:00:00-02:00", "Jan  1 00:00:00", "2027"},
	} {
		at, err := time.Parse(time.RFC3339, tt.now)
		if err != nil {
			t.Fatal(err)
		}
		ctx := newContext()
		ctx.Clock = func() time.Time { return at }
		check(t, testmsg.Parse(userInfo), ctx, []row{{`substring(format_time(parse_time("` + tt.text + `"), "date-rfc3339"), 0, 4)`, strconv.Quote(tt.want)}})
	}
}

func TestParseTimeInTheLocalZone(t *testing.T) {
	t.Parallel()
	local := time.Date(2026, 10, 5, 1, 10, 11, 0, time.Local).Unix()
	check(t, testmsg.Parse(userInfo), newContext(), []row{
		{`parse_time_localtz("Oct  5 01:10:11")`, strconv.FormatInt(local, 10)}, {`parse_time_localtz("2017-10-05T01:10:11+04:00")`, "1507151411"}, {`parse_time_localtz("bad")`, "0"}, {"script_error()", "1"},
	})
}

func TestIsTime(t *testing.T) {
	t.Parallel()
	check(t, testmsg.Parse(userInfo), newContext(), []row{
		{`is_time("Oct  5 01:10:11")`, "1"}, {`is_time("2017-10-05T01:10:11+04:00")`, "1"}, {`is_time("1507165811")`, "1"}, {"is_time(1507165811)", "1"}, {`is_time("-5")`, "1"}, {"is_time(-5)", "1"}, {`is_time("")`, "1"},
		{`is_time("2017-10-05T01:10:11+04:00", "date-rfc3339")`, "1"}, {`is_time("Oct  5 01:10:11", "date-rfc3164")`, "1"}, {`is_time("1507165811", "date-unix")`, "1"}, {"is_time(1507165811, \"date-unix\")", "1"},
		{`is_time("Oct  5 01:10:11 x", "date-rfc3164")`, "1"}, {"script_error()", "0"},
		{`is_time("yesterday")`, "0"}, {"script_error()", "1"}, {`is_time("12x")`, "0"}, {`is_time(" 5")`, "0"}, {`is_time("0x5")`, "0"},
		{`is_time("Oct  5 01:10:11", "date-rfc3339")`, "0"}, {`is_time("Oct  5 01:10:11", "date-unix")`, "0"}, {`is_time("1507165811", "date-rfc3339")`, "0"}, {`is_time("Oct  5 01:10:11", "other")`, "0"},
	})
}
