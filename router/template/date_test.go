package template

import (
	"testing"

	"syslogd/router/internal/testmsg"
)

// The values in this file are those of rsyslogd 8.2302, where no other reason is given.

func TestDateFormats(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		format string
		want   [4]string
	}{
		{"rfc3164", [4]string{"Feb  3 04:05:06", "Oct 11 22:14:15", "Dec 31 23:30:00", "Oct  1 02:04:05"}},
		{"rfc3164-buggyday", [4]string{"Feb 03 04:05:06", "Oct 11 22:14:15", "Dec 31 23:30:00", "Oct 01 02:04:05"}},
		{"rfc3339", [4]string{"2026-02-03T04:05:06.123400+02:30", "2003-10-11T22:14:15.003Z", "2024-12-31T23:30:00-05:30", "2003-10-01T02:04:05.7+02:00"}},
		{"mysql", [4]string{"20260203040506", "20031011221415", "20241231233000", "20031001020405"}},
		{"pgsql", [4]string{"2026-02-03 04:05:06", "2003-10-11 22:14:15", "2024-12-31 23:30:00", "2003-10-01 02:04:05"}},
		{"unixtimestamp", [4]string{"1770082506", "1065910455", "1735707600", "1064966645"}},
		{"subseconds", [4]string{"123400", "003", "0", "7"}},
		{"year", [4]string{"2026", "2003", "2024", "2003"}},
		{"month", [4]string{"02", "10", "12", "10"}},
		{"day", [4]string{"03", "11", "31", "01"}},
		{"hour", [4]string{"04", "22", "23", "02"}},
		{"minute", [4]string{"05", "14", "30", "04"}},
		{"second", [4]string{"06", "15", "00", "05"}},
		{"wday", [4]string{"2", "6", "2", "3"}},
		{"wdayname", [4]string{"Tue", "Sat", "Tue", "Wed"}},
		// Unlike rsyslogd, which is a day off early in the day east of UTC.
		{"ordinal", [4]string{"034", "284", "366", "274"}},
		{"iso-week", [4]string{"06", "41", "01", "40"}},
		{"iso-week-year", [4]string{"2026", "2003", "2025", "2003"}},
		{"tzoffshour", [4]string{"02", "00", "05", "02"}},
		{"tzoffsmin", [4]string{"30", "00", "30", "00"}},
		{"tzoffsdirection", [4]string{"+", "-", "-", "+"}},
		{"week", [4]string{"06", "41", "53", "39"}},
	} {
		for i, stamp := range []string{"2026-02-03T04:05:06.123400+02:30", "2003-10-11T22:14:15.003Z", "2024-12-31T23:30:00-05:30", "2003-10-01T02:04:05.7+02:00"} {
			for _, tpl := range []*Template{str(t, "%timereported:::date-"+tt.format+"%"), list(t, `property(name="timereported" dateFormat="`+tt.format+`")`)} {
				m := testmsg.Parse("<13>1 " + stamp + " h a - - - x")
				if got := render(t, tpl, m, newContext()); got != tt.want[i] {
					t.Errorf("date-%s of %s: got %s, want %s", tt.format, stamp, got, tt.want[i])
				}
			}
		}
	}
}

func TestWeeksAndDaysOfTheYear(t *testing.T) {
	t.Parallel()
	tpl := str(t, "%timereported:::date-week% %timereported:::date-ordinal% %timereported:::date-iso-week% %timereported:::date-iso-week-year% %timereported:::date-wday% %timereported:::date-wdayname%")
	for day, want := range map[string]string{
		"2026-01-01": "00 001 01 2026 4 Thu", "2026-01-02": "01 002 01 2026 5 Fri", "2026-01-04": "02 004 01 2026 0 Sun", "2026-01-05": "02 005 02 2026 1 Mon", "2026-01-11": "03 011 02 2026 0 Sun",
		"2026-06-15": "25 166 25 2026 1 Mon", "2026-12-31": "52 365 53 2026 4 Thu", "2023-01-01": "00 001 52 2022 0 Sun", "2023-01-08": "01 008 01 2023 0 Sun", "2024-02-29": "09 060 09 2024 4 Thu",
		"2024-12-31": "53 366 01 2025 2 Tue", "2005-01-01": "00 001 53 2004 6 Sat", "2005-01-02": "02 002 53 2004 0 Sun", "2010-01-03": "02 003 53 2009 0 Sun", "2010-01-04": "02 004 01 2010 1 Mon",
		"1999-12-31": "52 365 52 1999 5 Fri", "2000-12-31": "54 366 52 2000 0 Sun",
	} {
		if got := render(t, tpl, testmsg.Parse("<13>1 "+day+"T12:00:00Z h a - - - x"), newContext()); got != want {
			t.Errorf("%s: got %s, want %s", day, got, want)
		}
	}
}

func TestDatesInUTC(t *testing.T) {
	t.Parallel()
	for stamp, rows := range map[string][]row{
		"2026-02-03T04:05:06.123400+02:30": {
			{"%timereported:::date-rfc3339,date-utc%", "2026-02-03T01:35:06.123400+00:00"}, {"%timereported:::date-utc%", "Feb  3 01:35:06"}, {"%timereported:::date-rfc3164-buggyday,date-utc%", "Feb 03 01:35:06"},
			{"%timereported:::date-mysql,date-utc%", "20260203013506"}, {"%timereported:::date-subseconds,date-utc%", "123400"}, {"%timereported:::date-tzoffsdirection,date-utc%", "+"}, {"%timereported:::date-tzoffshour,date-utc%", "00"},
		},
		"2025-12-31T23:30:00-05:30": {
			{"%timereported:::date-rfc3339,date-utc%", "2026-01-01T05:00:00.000000+00:00"}, {"%timereported:::date-utc,date-year%", "2026"}, {"%timereported:::date-wdayname,date-utc%", "Thu"}, {"%timereported:::date-ordinal,date-utc%", "001"},
			{"%timereported:::date-unixtimestamp,date-utc%", "1767243600"}, {"%timereported:::date-unixtimestamp%", "1767243600"}, {"%timereported:::date-subseconds,date-utc%", "000000"},
		},
		"2003-10-11T22:14:15.003Z": { // unlike rsyslogd, which makes .000003 of it
			{"%timereported:::date-rfc3339,date-utc%", "2003-10-11T22:14:15.003000+00:00"}, {"%timereported:::date-subseconds,date-utc%", "003000"},
		},
	} {
		check(t, testmsg.Parse("<13>1 "+stamp+" h a - - - x"), str, rows)
	}
	tpl := list(t, `property(name="timegenerated" dateFormat="rfc3339" date.inUTC="on")`)
	if got, want := render(t, tpl, testmsg.Parse("x"), newContext()), "2026-02-03T01:35:06.123400+00:00"; got != want {
		t.Errorf("timegenerated: got %s, want %s", got, want)
	}
}

func TestDatesAndOtherOptions(t *testing.T) {
	t.Parallel()
	check(t, testmsg.Parse("<13>1 2026-02-03T04:05:06.123400+02:30 h a - - - x"), str, []row{
		{"%timereported:1:10:date-rfc3339%", "2026-02-03"}, {"%timereported:12:19:date-rfc3339%", "04:05:06"}, {"%timereported:1:2:date-year%", "20"}, {"%timereported:F,45:3,2:date-rfc3339%", "03"}, {"%timereported:::date-rfc3339,jsonf:@timestamp%", `"@timestamp":"2026-02-03T04:05:06.123400+02:30"`},
		{"%timereported:::date-rfc3339,date-year%", "2026"}, {"%timereported:::date-year,date-rfc3339%", "2026-02-03T04:05:06.123400+02:30"}, {"%timereported%|%timestamp%|%TIMESTAMP:::date-RFC3164%", "Feb  3 04:05:06|Feb  3 04:05:06|Feb  3 04:05:06"},
		{"%timegenerated:::date-rfc3339%|%timereceived:::date-second%", "2026-02-03T04:05:06.123400+02:30|06"}, {"%timereported:1:3:uppercase%", "FEB"},
	})
}

// rsyslogd formats a time stamp once for a message: the first of the two formats decides.
func TestPaddingOfTheDayIsDecidedOnceForAMessage(t *testing.T) {
	t.Parallel()
	blank, zero := str(t, "%timereported:::date-rfc3164%"), str(t, "%timereported:::date-rfc3164-buggyday%")
	generated := str(t, "%timegenerated:::date-rfc3164%")
	m := testmsg.Parse("<13>1 2003-10-01T02:04:05Z h a - - - x")
	for _, tt := range []struct {
		tpl  *Template
		want string
	}{{zero, "Oct 01 02:04:05"}, {blank, "Oct 01 02:04:05"}, {generated, "Feb  3 04:05:06"}} {
		if got := render(t, tt.tpl, m, newContext()); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
	m = testmsg.Parse("<13>1 2003-10-01T02:04:05Z h a - - - x")
	render(t, blank, m, newContext())
	if got, want := render(t, zero, m, newContext()), "Oct  1 02:04:05"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
