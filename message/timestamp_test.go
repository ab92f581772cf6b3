package message

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestTimestampFormats(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		ts                Timestamp
		rfc3339, rfc3164  string
		buggy, subseconds string
	}{
		{Timestamp{Year: 2003, Month: 10, Day: 11, Hour: 22, Minute: 14, Second: 15, Digits: 3, Frac: 3, Sign: 'Z'},
			"2003-10-11T22:14:15.003Z", "Oct 11 22:14:15", "Oct 11 22:14:15", "003"},
		{Timestamp{Year: 2026, Month: 2, Day: 3, Hour: 4, Minute: 5, Second: 6, Digits: 6, Frac: 123400, Sign: '+', OffHour: 2, OffMin: 30},
			"2026-02-03T04:05:06.123400+02:30", "Feb  3 04:05:06", "Feb 03 04:05:06", "123400"},
		{Timestamp{Year: 1900, Month: 1, Day: 1, Sign: '-', OffHour: 23, OffMin: 59},
			"1900-01-01T00:00:00-23:59", "Jan  1 00:00:00", "Jan 01 00:00:00", "0"},
		{Timestamp{Month: 12, Day: 31, Hour: 23, Minute: 59, Second: 60, Digits: 1, Frac: 9, Sign: '+'},
			"0000-12-31T23:59:60.9+00:00", "Dec 31 23:59:60", "Dec 31 23:59:60", "9"},
	} {
		for _, f := range []struct{ name, got, want string }{
			{"RFC 3339", string(c.ts.AppendRFC3339(nil)), c.rfc3339},
			{"RFC 3164", string(c.ts.AppendRFC3164(nil, false)), c.rfc3164},
			{"buggy day", string(c.ts.AppendRFC3164(nil, true)), c.buggy},
			{"subseconds", string(c.ts.AppendFraction(nil)), c.subseconds},
		} {
			if f.got != f.want {
				t.Errorf("%s: got %s, want %s", f.name, f.got, f.want)
			}
		}
	}
}

func TestTimestampUTC(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want Timestamp }{
		{Timestamp{Year: 2004, Month: 1, Day: 1, Minute: 30, Sign: '+', OffHour: 2},
			Timestamp{Year: 2003, Month: 12, Day: 31, Hour: 22, Minute: 30, Digits: 6, Sign: '+'}},
		{Timestamp{Year: 2003, Month: 12, Day: 31, Hour: 22, Sign: '-', OffHour: 5, Digits: 3, Frac: 3},
			Timestamp{Year: 2004, Month: 1, Day: 1, Hour: 3, Digits: 6, Frac: 3000, Sign: '+'}},
		{Timestamp{Year: 2016, Month: 12, Day: 31, Hour: 23, Minute: 59, Second: 60, Sign: 'Z'},
			Timestamp{Year: 2016, Month: 12, Day: 31, Hour: 23, Minute: 59, Second: 60, Digits: 6, Sign: '+'}},
		{Timestamp{Year: 2003, Month: 2, Day: 30, Hour: 1, Sign: 'Z'},
			Timestamp{Year: 2003, Month: 3, Day: 2, Hour: 1, Digits: 6, Sign: '+'}},
	} {
		if got := c.in.UTC(); got != c.want {
			t.Errorf("%s: got %s, want %s", c.in.AppendRFC3339(nil), got.AppendRFC3339(nil), c.want.AppendRFC3339(nil))
		}
	}
}

// TestCalendarAgreesWithPackageTime walks over random instants in random zones.
func TestCalendarAgreesWithPackageTime(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	first := time.Date(0, 1, 2, 0, 0, 0, 0, time.UTC).Unix()
	last := time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	for range 20000 {
		zone := time.FixedZone("", (rnd.IntN(48*60)-24*60)*60)
		want := time.Unix(first+rnd.Int64N(last-first), rnd.Int64N(1e6)*1000).In(zone)
		ts := TimestampOf(want)
		if got := ts.Unix(); got != want.Unix() {
			t.Fatalf("%v: unix %d, want %d", want, got, want.Unix())
		}
		if !ts.Time().Equal(want) {
			t.Fatalf("%v: time %v", want, ts.Time())
		}
		if ts.Weekday() != int(want.Weekday()) || ts.YearDay() != want.YearDay() {
			t.Fatalf("%v: weekday %d, day of the year %d", want, ts.Weekday(), ts.YearDay())
		}
		if got, w := string(ts.AppendRFC3339(nil)), want.Format("2006-01-02T15:04:05.000000-07:00"); got != w {
			t.Fatalf("got %s, want %s", got, w)
		}
		if got, w := string(ts.AppendRFC3164(nil, false)), want.Format(time.Stamp); got != w {
			t.Fatalf("got %s, want %s", got, w)
		}
	}
}

func TestTimestampsAreFormattedWithoutAllocation(t *testing.T) {
	ts := TimestampOf(time.Unix(1e9, 123456000))
	dst := make([]byte, 0, 64)
	if n := testing.AllocsPerRun(100, func() {
		dst = ts.AppendRFC3339(dst[:0])
		dst = ts.AppendRFC3164(dst[:0], false)
		u := ts.UTC()
		dst = u.AppendRFC3339(dst[:0])
	}); n != 0 {
		t.Errorf("%.0f allocations", n)
	}
}

func BenchmarkAppendRFC3339(b *testing.B) {
	ts := TimestampOf(time.Unix(1e9, 123456000))
	dst := make([]byte, 0, 64)
	b.ReportAllocs()
	for b.Loop() {
		dst = ts.AppendRFC3339(dst[:0])
	}
}

func BenchmarkAppendRFC3164(b *testing.B) {
	ts := TimestampOf(time.Unix(1e9, 123456000))
	dst := make([]byte, 0, 64)
	b.ReportAllocs()
	for b.Loop() {
		dst = ts.AppendRFC3164(dst[:0], false)
	}
}
