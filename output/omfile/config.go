package omfile

import (
	"fmt"
	"io/fs"
	"strconv"
	"time"

	"syslogd/config/param"
	"syslogd/internal/diag"
	"syslogd/store"
)

// DefaultTemplate is rsyslogd's default for files.
const DefaultTemplate = "RSYSLOG_FileFormat"

// ModuleConfig are the parameters of module(load="builtin:omfile").
type ModuleConfig struct {
	Template     string
	AddLF        bool
	Modes        Modes
	DoNotSuspend bool
	AllowEscape  bool
	Links        store.Links
	ZipDriver    store.Compression
}

// Modes are modes and owners of what is created.
type Modes struct {
	File, Dir             fs.FileMode
	FileOwner, FileGroup  int
	DirOwner, DirGroup    int
	FailOnChown, MakeDirs bool
}

// Config is the decoded form of action(type="omfile").
type Config struct {
	File, DynaFile string
	Template       string
	AddLF          bool
	Modes          Modes

	CacheSize     int
	BufferSize    int64
	FlushOnTXEnd  bool
	AsyncWriting  bool
	FlushInterval int
	Sync          bool
	ZipLevel      int
	RobustZip     bool
	ZipDriver     store.Compression
	CloseTimeout  int
	timeoutGiven  bool
	DoNotSuspend  bool
	AllowEscape   bool
	Links         store.Links

	MaxDepth     int
	NewFiles     int
	NewPerSender int
	Overflow     string

	SizeLimit   int64
	SizeCommand string
	PassName    bool
	MaxBackups  int
	MaxAge      time.Duration
	Interval    time.Duration
	Compress    store.Compression
}

func (c *Config) template() string {
	if c.Template == "" {
		return DefaultTemplate
	}
	return c.Template
}

// modeParams are declared for the module and for its actions. Only the latter
// have the legacy directives: selector lines do not use the module's values.
func modeParams(legacy bool) param.Table[Modes] {
	t := param.Table[Modes]{
		param.Mode("dirCreateMode", func(c *Modes) *fs.FileMode { return &c.Dir }).Legacy("DirCreateMode").Default("0700").Doc("Mode of created directories."),
		param.Mode("fileCreateMode", func(c *Modes) *fs.FileMode { return &c.File }).Legacy("FileCreateMode").Default("0644").Doc("Mode of created files."),
		param.User("dirOwner", func(c *Modes) *int { return &c.DirOwner }).Legacy("DirOwner").Doc("Owner of created directories."),
		param.Int("dirOwnerNum", func(c *Modes) *int { return &c.DirOwner }).Legacy("DirOwnerNum").Default("-1").Twin("dirOwner").Doc("The same by number."),
		param.GroupName("dirGroup", func(c *Modes) *int { return &c.DirGroup }).Legacy("DirGroup").Doc("Group of created directories."),
		param.Int("dirGroupNum", func(c *Modes) *int { return &c.DirGroup }).Legacy("DirGroupNum").Default("-1").Twin("dirGroup").Doc("The same by number."),
		param.User("fileOwner", func(c *Modes) *int { return &c.FileOwner }).Legacy("FileOwner").Doc("Owner of created files."),
		param.Int("fileOwnerNum", func(c *Modes) *int { return &c.FileOwner }).Legacy("FileOwnerNum").Default("-1").Twin("fileOwner").Doc("The same by number."),
		param.GroupName("fileGroup", func(c *Modes) *int { return &c.FileGroup }).Legacy("FileGroup").Doc("Group of created files."),
		param.Int("fileGroupNum", func(c *Modes) *int { return &c.FileGroup }).Legacy("FileGroupNum").Default("-1").Twin("fileGroup").Doc("The same by number."),
	}
	if !legacy {
		for _, p := range t {
			p.Directives = nil
		}
		return t
	}
	return append(t,
		param.Bool("failOnChownFailure", func(c *Modes) *bool { return &c.FailOnChown }).Legacy("FailOnChownFailure").Default("on").
			Doc("The record that makes a file whose owner can not be set is lost, as in rsyslogd; the next ones are written."),
		param.Bool("createDirs", func(c *Modes) *bool { return &c.MakeDirs }).Legacy("CreateDirs").Default("on").
			Doc("Create missing directories."))
}

var moduleParams = param.Join(
	param.Table[ModuleConfig]{
		param.Template("template", func(c *ModuleConfig) *string { return &c.Template }).Legacy("ActionFileDefaultTemplate").Inherits(DefaultTemplate).
			Doc("Template of the text."),
		param.Bool("addLF", func(c *ModuleConfig) *bool { return &c.AddLF }).Default("off").
			Doc("Add a line feed to a text that has none. rsyslogd adds it by default from 8.2510 on."),
		param.Bool("dynafile.doNotSuspend", func(c *ModuleConfig) *bool { return &c.DoNotSuspend }).Default("on").
			Doc("A dynamic file that can not be written does not suspend the action: it keeps some messages until it can, further ones are lost."),
		param.Bool("dynafile.dangerousPermitPathEscape", func(c *ModuleConfig) *bool { return &c.AllowEscape }).Default("off").
			Doc("Let a dynamic name leave the directory that its template begins with."),
		followSymlinks(func(c *ModuleConfig) *store.Links { return &c.Links }).Default("inside").
			Doc("Symbolic links that are followed below the directory that a dynaFile template begins with: " +
				"all (on, as rsyslogd 8.2302), those that stay below it (inside), none (off). " +
				"Of a fixed name all are, but with off not its last component."),
		param.NoEffect[ModuleConfig]("dynafile.restrictTemplateType", "only string and list templates can name a file"),
		zipDriver(func(c *ModuleConfig) *store.Compression { return &c.ZipDriver }),
		param.NoEffect[ModuleConfig]("compression.zstd.workers", "each file is compressed by the worker that writes it"),
	},
	param.Group(func(c *ModuleConfig) *Modes { return &c.Modes }, modeParams(false)),
)

func followSymlinks[C any](field func(*C) *store.Links) *param.Param[C] {
	return param.Enum("followSymlinks", field,
		param.Choice[store.Links]{Name: "inside", Value: store.LinksInside},
		param.Choice[store.Links]{Name: "on", Value: store.AllLinks},
		param.Choice[store.Links]{Name: "off", Value: store.NoLinks})
}

func zipDriver[C any](field func(*C) *store.Compression) *param.Param[C] {
	return param.Enum("compression.driver", field,
		param.Choice[store.Compression]{Name: "zlib", Value: store.Gzip},
		param.Choice[store.Compression]{Name: "zstd", Value: store.Zstd}).Default("zlib").
		Doc("Format that zipLevel writes.")
}

var params = param.Join(
	param.Table[Config]{
		param.String("file", func(c *Config) *string { return &c.File }).Doc("Name of the file."),
		param.Template("dynaFile", func(c *Config) *string { return &c.DynaFile }).Doc("Template that makes the name of the file."),
		param.Template("template", func(c *Config) *string { return &c.Template }).Inherits("module").Doc("Template of the text."),
		param.Bool("addLF", func(c *Config) *bool { return &c.AddLF }).Inherits("module").Doc("Add a line feed to a text that has none."),
		param.Int("dynaFileCacheSize", func(c *Config) *int { return &c.CacheSize }).Range(1, 1<<24).Legacy("DynaFileCacheSize").Inherits("from the limit of open files").
			Doc("Dynamic files that are kept open at least; more are if the limit of open files allows it. rsyslogd keeps 10, or so many."),
		param.Size("ioBufferSize", func(c *Config) *int64 { return &c.BufferSize }).Legacy("OMFileIOBufferSize").Default("4k").
			Doc("Bytes a file may hold back; values below 64 KiB count as 64 KiB."),
		param.Bool("flushOnTXEnd", func(c *Config) *bool { return &c.FlushOnTXEnd }).Legacy("OMFileFlushOnTXEnd").Default("on").
			Doc("Write when the workers run out of work, after 50 ms at the latest. off: only full buffers, and after flushInterval with asyncWriting."),
		param.Bool("asyncWriting", func(c *Config) *bool { return &c.AsyncWriting }).Legacy("OMFileASyncWriting").Default("off").
			Doc("With flushOnTXEnd off: write every flushInterval."),
		param.PositiveInt("flushInterval", func(c *Config) *int { return &c.FlushInterval }).Legacy("OMFileFlushInterval").Default("1").
			Doc("Seconds between writes with asyncWriting."),
		param.Bool("sync", func(c *Config) *bool { return &c.Sync }).Legacy("ActionFileEnableSync").Default("off").
			Doc("Sync the file to disk after each write."),
		param.Int("zipLevel", func(c *Config) *int { return &c.ZipLevel }).Range(0, 9).Legacy("OMFileZipLevel").Default("0").
			Doc("Compress what is written; 0 is off."),
		param.Bool("veryRobustZip", func(c *Config) *bool { return &c.RobustZip }).Default("off").
			Doc("End the compressed block at every write, so that a crash loses little."),
		zipDriver(func(c *Config) *store.Compression { return &c.ZipDriver }).Default(""),
		param.NonNegInt("closeTimeout", func(c *Config) *int { return &c.CloseTimeout }).Given(func(c *Config) *bool { return &c.timeoutGiven }).
			Inherits("10 for dynamic files, else never").Doc("Minutes without a write until a file is closed."),
		param.Bool("dynafile.doNotSuspend", func(c *Config) *bool { return &c.DoNotSuspend }).Inherits("module").Default("on").Doc("See module."),
		param.Bool("dynafile.dangerousPermitPathEscape", func(c *Config) *bool { return &c.AllowEscape }).Inherits("module").Doc("See module."),
		followSymlinks(func(c *Config) *store.Links { return &c.Links }).Inherits("module").Default("inside").Doc("See module."),
		param.Int("dynafile.maxDepth", func(c *Config) *int { return &c.MaxDepth }).Range(1, 255).Default(strconv.Itoa(store.DefaultDepth)).
			Doc("Directories and file that a dynamic name may have below the constant part of its template; what is deeper is one name with a hash. Not known to rsyslogd."),
		param.NonNegInt("dynafile.newFilesPerSender", func(c *Config) *int { return &c.NewPerSender }).Default("100").
			Doc("Files and directories that messages from one address may make a second; what is not used adds up for 5 minutes. " +
				"What is beyond goes to the overflow file. 0 is without limit. Not known to rsyslogd."),
		param.NonNegInt("dynafile.newFiles", func(c *Config) *int { return &c.NewFiles }).Default("1000").
			Doc("The same for all senders together. Not known to rsyslogd."),
		param.String("dynafile.overflowFile", func(c *Config) *string { return &c.Overflow }).Default("_overflow.log").
			Doc("File for messages whose own may not be made, in the constant directory of the template, or else in the work directory. Not known to rsyslogd."),
		param.Size("rotation.sizeLimit", func(c *Config) *int64 { return &c.SizeLimit }).Default("0").
			Doc("Bytes at which the file is rotated, or at which rotation.sizeLimitCommand runs."),
		param.String("rotation.sizeLimitCommand", func(c *Config) *string { return &c.SizeCommand }).
			Doc("Program that makes room. Without it the server rotates the file itself, which rsyslogd can not."),
		param.Bool("rotation.sizeLimitCommandPassFileName", func(c *Config) *bool { return &c.PassName }).Default("off").
			Doc("Pass the name of the file to the program. rsyslogd does so by default from 8.2602 on."),
		param.NonNegInt("rotation.maxBackups", func(c *Config) *int { return &c.MaxBackups }).Default("0").
			Doc("Rotated files that are kept; 0 is all. Not known to rsyslogd."),
		param.Duration("rotation.maxAge", func(c *Config) *time.Duration { return &c.MaxAge }).
			Doc("How long rotated files are kept: 30d, 12h. Not known to rsyslogd."),
		param.Duration("rotation.interval", func(c *Config) *time.Duration { return &c.Interval }).
			Doc("Rotate when so much time has passed: 24h rotates at midnight. Not known to rsyslogd."),
		param.Enum("rotation.compress", func(c *Config) *store.Compression { return &c.Compress },
			param.Choice[store.Compression]{Name: "none", Value: store.None},
			param.Choice[store.Compression]{Name: "gzip", Value: store.Gzip},
			param.Choice[store.Compression]{Name: "zstd", Value: store.Zstd}).Default("none").
			Doc("Compress rotated files. Not known to rsyslogd."),
		param.NotYetUnless[Config]("sig.provider", "signing is not available"),
		param.Refused[Config]("cry.provider", "encryption of files is not available"),
	},
	param.Group(func(c *Config) *Modes { return &c.Modes }, modeParams(true)),
)

// inherit copies the module's values into an action() object's defaults.
func inherit(m *ModuleConfig, c *Config) {
	c.Template, c.AddLF = m.Template, m.AddLF
	makeDirs, failOnChown := c.Modes.MakeDirs, c.Modes.FailOnChown
	c.Modes = m.Modes
	c.Modes.MakeDirs, c.Modes.FailOnChown = makeDirs, failOnChown
	c.DoNotSuspend, c.AllowEscape, c.Links, c.ZipDriver = m.DoNotSuspend, m.AllowEscape, m.Links, m.ZipDriver
}

// legacyInherit copies what selector lines take from the module: the template,
// but neither modes nor owners (observed on rsyslogd 8.2302).
func legacyInherit(m *ModuleConfig, c *Config) {
	c.Template, c.AddLF = m.Template, m.AddLF
	c.AllowEscape, c.Links, c.ZipDriver = m.AllowEscape, m.Links, m.ZipDriver
}

// Check reports parameters that contradict each other.
func (c *Config) Check(o *param.Object, diags *diag.List) bool {
	if (c.File == "") == (c.DynaFile == "") {
		d := diags.Errorf(o.Range, `%s needs either "file" or "dynaFile"`, o.Title)
		if a := o.Arg("dynafile"); c.File != "" && a != nil {
			d.Range, d.Text = a.Range, fmt.Sprintf(`%s has both "file" and "dynaFile"`, o.Title)
			d.Hint = "remove one of them"
		}
		d.Effect, d.Code = o.Effect, -2302
		return false
	}
	if c.SizeCommand != "" && (c.MaxBackups > 0 || c.MaxAge > 0 || c.Interval > 0 || c.Compress != store.None) {
		d := diags.Errorf(o.Range, "rotation.sizeLimitCommand and the server's own rotation exclude each other")
		d.Hint = "remove rotation.sizeLimitCommand"
		d.Effect = o.Effect
		return false
	}
	return true
}

func owner(uid, gid int) store.Owner {
	return store.Owner{UID: uid, GID: gid, HasUID: uid >= 0, HasGID: gid >= 0}
}

func (c *Config) storeOptions() store.Options {
	o := store.Options{
		FileMode: c.Modes.File, DirMode: c.Modes.Dir,
		FileOwner: owner(c.Modes.FileOwner, c.Modes.FileGroup), DirOwner: owner(c.Modes.DirOwner, c.Modes.DirGroup),
		IgnoreChown: !c.Modes.FailOnChown, NoDirs: !c.Modes.MakeDirs, Links: c.Links, MaxDepth: c.MaxDepth,
		Escape: c.AllowEscape, Isolate: c.DynaFile != "" && c.DoNotSuspend,
		Buffer: int(c.BufferSize), Hold: !c.FlushOnTXEnd, Sync: c.Sync,
		ZipLevel: c.ZipLevel, Zip: c.ZipDriver, RobustZip: c.RobustZip,
	}
	if c.AsyncWriting {
		o.FlushInterval = time.Duration(c.FlushInterval) * time.Second
	}
	switch {
	case c.timeoutGiven:
		o.CloseTimeout = time.Duration(c.CloseTimeout) * time.Minute
	case c.DynaFile != "":
		o.CloseTimeout = 10 * time.Minute
	}
	if c.SizeCommand != "" {
		o.SizeLimit, o.SizeCommand = c.SizeLimit, c.SizeCommand
		o.PassName = c.PassName
	} else {
		o.Rotation = store.Rotation{Size: c.SizeLimit, Interval: c.Interval, MaxBackups: c.MaxBackups, MaxAge: c.MaxAge, Compress: c.Compress}
	}
	return o
}
