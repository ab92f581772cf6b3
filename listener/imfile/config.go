package imfile

import (
	"fmt"
	"strconv"

	"syslogd/config/param"
	"syslogd/config/syntax"
	"syslogd/internal/diag"
	"syslogd/internal/posix"
	"syslogd/message"
)

// ModuleConfig is module(load="imfile").
type ModuleConfig struct {
	Polling          bool
	PollInterval     int
	ReadTimeout      int
	Granularity      int
	SortFiles        bool
	StateDirectory   string
	DeleteOnMove     bool
	MaxWatches       int
	FallbackInterval int
}

// Config is input(type="imfile"), one file or pattern.
type Config struct {
	Module *ModuleConfig

	File, Tag, Ruleset string
	// tagGiven tells an empty tag from none.
	tagGiven         bool
	Severity         message.Severity
	Facility         message.Facility
	ReadMode         int
	Start, End       string
	Discard          bool
	CutError         bool
	EscapeLF         bool
	Replacement      string
	ReplacementGiven bool
	Reopen           bool
	MaxLines         int
	Trim             int64
	MaxSubmit        int
	DeleteOnDelete   bool
	DeleteOnMove     bool
	PersistLines     int
	PersistSubmit    bool
	Delay            int
	Metadata         metadata
	CEE              bool
	ReadTimeout      int
	FreshTail        bool
	NotFoundError    bool
	NeedParse        bool
	OlderThan        int
	MaxBytesMinute   int
	MaxLinesMinute   int
}

// metadata is addMetadata: as in rsyslogd it is on unless the input was made by
// legacy directives.
type metadata uint8

const (
	metadataAuto metadata = iota
	metadataOff
	metadataOn
)

// Check reports expressions that cannot be used and modes that exclude each other.
func (c *Config) Check(o *param.Object, diags *diag.List) bool {
	ok := true
	fail := func(name, format string, args ...any) {
		rng := o.Range
		if a := o.Arg(name); a != nil {
			rng = a.ValueRange
		}
		diags.Errorf(rng, format, args...).Effect = o.Effect
		ok = false
	}
	for name, expr := range map[string]string{"startmsg.regex": c.Start, "endmsg.regex": c.End} {
		if expr == "" {
			continue
		}
		if _, err := posix.Compile(expr, posix.Extended, false); err != nil {
			fail(name, "%s: %v", name, err)
		}
		if c.ReadMode != 0 {
			fail("readmode", "%s: readMode and %s exclude each other", o.Title, name)
		}
	}
	if c.File == "" {
		fail("file", "%s: the name of the file is empty", o.Title)
	} else if _, err := parsePattern(c.File); err != nil {
		fail("file", "file: %v", err)
	}
	if !c.tagGiven {
		fail("tag", "%s needs the parameter %q", o.Title, "tag")
	}
	return ok
}

func inherit(m *ModuleConfig, c *Config) {
	c.Module, c.ReadTimeout, c.DeleteOnMove = m, m.ReadTimeout, m.DeleteOnMove
}

// modeParam refuses what only Solaris has.
func modeParam() *param.Param[ModuleConfig] {
	return param.Enum("mode", func(c *ModuleConfig) *bool { return &c.Polling },
		param.Choice[bool]{Name: "inotify"}, param.Choice[bool]{Name: "polling", Value: true}).Default("inotify").
		Doc("How changes are noticed: by events of the kernel (inotify), or by looking at the files (polling).")
}

var moduleParams = param.Table[ModuleConfig]{
	modeParam(),
	param.PositiveInt("pollingInterval", func(c *ModuleConfig) *int { return &c.PollInterval }).Legacy("InputFilePollInterval").Default("10").
		Doc("Seconds between two looks at the files with mode=\"polling\"."),
	param.NonNegInt("readTimeout", func(c *ModuleConfig) *int { return &c.ReadTimeout }).Default("0").
		Doc("Seconds after which a message of several lines is sent although its end was not seen; 0 is never."),
	param.PositiveInt("timeoutGranularity", func(c *ModuleConfig) *int { return &c.Granularity }).Default("1").Doc("Seconds between two checks of readTimeout."),
	param.Bool("sortFiles", func(c *ModuleConfig) *bool { return &c.SortFiles }).Default("off").
		Doc("Read each file to its end before the next one, in the order of their names; off: files take turns."),
	param.String("stateFile.directory", func(c *ModuleConfig) *string { return &c.StateDirectory }).Inherits("global workDirectory").
		Doc("Directory of the state files, which hold how far each file was read."),
	param.NoEffect[ModuleConfig]("normalizePath", "paths are always normalised"),
	param.Bool("deleteStateOnFileMove", func(c *ModuleConfig) *bool { return &c.DeleteOnMove }).Default("off").Doc("Remove the state of a file that was moved away."),
	param.NonNegInt("maxInotifyWatches", func(c *ModuleConfig) *int { return &c.MaxWatches }).Default("0").
		Doc("Directories to watch at most, those above the files included; 0 is no limit. Others are looked at every inotifyFallbackInterval."),
	param.NonNegInt("inotifyFallbackInterval", func(c *ModuleConfig) *int { return &c.FallbackInterval }).Default("60").
		Doc("Seconds between two looks at all files beside the events, for directories that can not be watched; 0 is never."),
}

var inputParams = param.Table[Config]{
	param.String("file", func(c *Config) *string { return &c.File }).Required().Legacy("InputFileName").Lasting(param.UntilInstance).
		Doc("Path of the file. `*`, `?`, `[...]` and `{a,b}` may stand in the name and in directories."),
	param.String("tag", func(c *Config) *string { return &c.Tag }).Required().Given(func(c *Config) *bool { return &c.tagGiven }).Legacy("InputFileTag").Lasting(param.UntilInstance).Doc("Tag of the messages, as it is: a colon is not added."),
	param.Severity("severity", func(c *Config) *message.Severity { return &c.Severity }).Legacy("InputFileSeverity").Lasting(param.UntilInstance).Default("notice").Doc("Severity of the messages."),
	facilityParam().Legacy("InputFileFacility").Lasting(param.UntilInstance).Default("local0").Doc("Facility of the messages. A number is the value of syslog.h, eight times the facility."),
	param.Ruleset("ruleset", func(c *Config) *string { return &c.Ruleset }).Legacy("InputFileBindRuleset").Doc("Ruleset of the messages."),
	param.Int("readMode", func(c *Config) *int { return &c.ReadMode }).Range(0, 2).Legacy("InputFileReadMode").Lasting(param.UntilInstance).Default("0").
		Doc("What a message is: 0 a line; 1 a paragraph, up to an empty line; 2 a line with the indented lines that follow."),
	param.String("startmsg.regex", func(c *Config) *string { return &c.Start }).Doc("Expression (POSIX ERE) for the first line of a message of several lines."),
	param.String("endmsg.regex", func(c *Config) *string { return &c.End }).Doc("Expression (POSIX ERE) for the last line of a message of several lines."),
	param.Bool("discardTruncatedMsg", func(c *Config) *bool { return &c.Discard }).Default("off").
		Doc("With startmsg.regex or endmsg.regex: drop the rest of a message that is longer than maxMessageSize; off: it is a message of its own."),
	param.Bool("msgDiscardingError", func(c *Config) *bool { return &c.CutError }).Default("on").Doc("Report messages that are longer than maxMessageSize."),
	param.Bool("escapeLF", func(c *Config) *bool { return &c.EscapeLF }).Default("on").
		Doc("Write line feeds inside a message as `#012`, with startmsg.regex or endmsg.regex as `\\n`."),
	param.String("escapeLF.replacement", func(c *Config) *string { return &c.Replacement }).Given(func(c *Config) *bool { return &c.ReplacementGiven }).
		Inherits("`#012` or `\\n`").Doc("Text in place of line feeds."),
	param.Bool("reopenOnTruncate", func(c *Config) *bool { return &c.Reopen }).Default("on").
		Doc("Read a file that became shorter from its start (copytruncate); off: what is written up to the old length is not read."),
	param.NonNegInt("maxLinesAtOnce", func(c *Config) *int { return &c.MaxLines }).Legacy("InputFileMaxLinesAtOnce").Lasting(param.UntilInstance).Default("0").
		Doc("Messages that are read from a file before it is another file's turn; 0: as many as 128 KiB hold."),
	param.Size("trimLineOverBytes", func(c *Config) *int64 { return &c.Trim }).Legacy("InputFileTrimLineOverBytes").Lasting(param.UntilInstance).Default("0").
		Doc("With readMode=\"0\": cut lines to that length; 0 is off."),
	param.PositiveInt("maxSubmitAtOnce", func(c *Config) *int { return &c.MaxSubmit }).Default("1024").Doc("Messages that are put into the queue at once."),
	param.Bool("deleteStateOnFileDelete", func(c *Config) *bool { return &c.DeleteOnDelete }).Alias("removeStateOnDelete").Default("on").
		Doc("Remove the state of a file with the file."),
	param.Bool("deleteStateOnFileMove", func(c *Config) *bool { return &c.DeleteOnMove }).Inherits("module").Doc("Remove the state of a file that was moved away."),
	param.NonNegInt("persistStateInterval", func(c *Config) *int { return &c.PersistLines }).Legacy("InputFilePersistStateInterval").Lasting(param.UntilInstance).Default("0").
		Doc("Messages after which the state is saved at once. In any case it is saved within a second after messages are safe where they were to go."),
	param.Bool("persistStateAfterSubmission", func(c *Config) *bool { return &c.PersistSubmit }).Default("off").
		Doc("Save the state as soon as messages are in the queue: none is read twice after a crash, but what the queue held is lost."),
	param.NonNegInt("delay.message", func(c *Config) *int { return &c.Delay }).Default("0").Doc("Microseconds to wait after each message."),
	param.Enum("addMetadata", func(c *Config) *metadata { return &c.Metadata },
		param.Choice[metadata]{Name: "on", Value: metadataOn}, param.Choice[metadata]{Name: "off", Value: metadataOff}).
		Inherits("on, off with legacy directives").Doc("Set `$!metadata!filename` and `$!metadata!fileoffset`, where the message begins in the file."),
	param.Bool("addCeeTag", func(c *Config) *bool { return &c.CEE }).Default("off").Doc("Put `@cee:` in front of messages."),
	runParam(),
	param.NoEffect[Config]("stateFile", "the name of a state file comes from the file's inode, as in rsyslogd").Legacy("InputFileStateFile"),
	param.NonNegInt("readTimeout", func(c *Config) *int { return &c.ReadTimeout }).Inherits("module").
		Doc("Seconds after which a message of several lines is sent although its end was not seen; 0 is never."),
	param.Bool("freshStartTail", func(c *Config) *bool { return &c.FreshTail }).Default("off").
		Doc("Do not read what files hold at the start that have no state yet. Files that appear later are read from their start."),
	param.Bool("fileNotFoundError", func(c *Config) *bool { return &c.NotFoundError }).Default("on").Doc("Warn about a file that does not exist at the start."),
	param.Bool("needParse", func(c *Config) *bool { return &c.NeedParse }).Default("off").
		Doc("Read messages with the parsers of the ruleset: PRI, time and tag come from the text."),
	param.NonNegInt("ignoreOlderThan", func(c *Config) *int { return &c.OlderThan }).Default("0").
		Doc("Seconds: files that were not written for so long are not read; 0 reads all."),
	param.NonNegInt("maxBytesPerMinute", func(c *Config) *int { return &c.MaxBytesMinute }).Default("0").Doc("Bytes of each file that are read in a minute; what is above is dropped. 0 is no limit."),
	param.NonNegInt("maxLinesPerMinute", func(c *Config) *int { return &c.MaxLinesMinute }).Default("0").Doc("Messages of each file that are read in a minute; what is above is dropped. 0 is no limit."),
}

// facilityParam is a facility; a number counts in eights, as in rsyslogd.
func facilityParam() *param.Param[Config] {
	byName := param.Table[Config]{param.Facility("facility", func(c *Config) *message.Facility { return &c.Facility }).Legacy("name")}
	return param.Func("facility", param.KindFacility, func(c *Config, v string) error {
		if n, err := strconv.Atoi(v); err == nil {
			if n < 0 || n > 191 {
				return fmt.Errorf("want a facility or a number from 0 to 191, found %q", v)
			}
			c.Facility = message.Facility(n >> 3)
			return nil
		}
		_, err := byName.SetDirective(c, "name", syntax.NewLine(v))
		return err
	}, func(c *Config) string { return c.Facility.String() })
}

// runParam is $InputRunFileMonitor, which makes an input and has no value. No
// parameter can have this name.
func runParam() *param.Param[Config] {
	return param.Func("$InputRunFileMonitor", param.KindString, func(*Config, string) error { return nil },
		func(*Config) string { return "" }).Legacy("InputRunFileMonitor").Runs().Doc("Make an input of the directives before it.")
}

// splitter is what cuts the files, for messages of at most limit bytes.
func (c *Config) splitter(limit int) (*splitter, error) {
	s := &splitter{mode: readMode(c.ReadMode), limit: limit, trim: int(c.Trim), discard: c.Discard, join: []byte("#012")}
	s.rawLimit = chunkSize(limit) / 2
	var err error
	if c.Start != "" || c.End != "" {
		s.mode, s.join = modeRegex, []byte(`\n`)
		if s.start, err = compile(c.Start); err != nil {
			return nil, fmt.Errorf("startmsg.regex: %w", err)
		}
		if s.end, err = compile(c.End); err != nil {
			return nil, fmt.Errorf("endmsg.regex: %w", err)
		}
	}
	if c.ReplacementGiven {
		s.join = []byte(c.Replacement)
	}
	if !c.EscapeLF {
		s.join = []byte("\n")
	}
	return s, nil
}

func compile(expr string) (*posix.Regexp, error) {
	if expr == "" {
		return nil, nil
	}
	return posix.Compile(expr, posix.Extended, false)
}

// chunkSize is how much of a file is read at once. A message that is not too
// long always fits.
func chunkSize(limit int) int { return max(128<<10, 4*limit+64<<10) }
