// Package docs writes the reference pages docs/modules/*.md from the tables that
// decode the parameters, so that they say what the program does.
package docs

import (
	"fmt"
	"sort"
	"strings"

	"syslogd/config"
	"syslogd/config/param"
	"syslogd/engine"
	"syslogd/module"
	"syslogd/queue"
)

// intro is what stands above the tables of a module.
var intro = map[string]string{
	"global":             "Settings of the whole server.",
	"action":             "Parameters that actions of all types have.",
	"queue":              "Parameters of queues.",
	"template":           "How a message is written.",
	"lookup_table":       "A table in a file that lookup() finds values in.",
	"dyn_stats":          "Counters with names that come from messages, for dyn_inc().",
	"percentile_stats":   "Percentiles of numbers that come from messages, for percentile_observe().",
	"timezone":           "A name for an offset from UTC, for parsers.",
	"ratelimit":          "A rate limit with a name, for inputs and actions.",
	"immark":             "Writes a message at regular intervals, as a sign of life.",
	"imudp":              "Receives syslog datagrams (RFC 5426).",
	"imtcp":              "Receives syslog over TCP and TLS (RFC 6587, RFC 5425).",
	"imptcp":             "Receives syslog over plain TCP or a unix stream socket.",
	"imrelp":             "Receives syslog over RELP and TLS: a message is acknowledged when the queue has it.",
	"imuxsock":           "Receives what programs of this host log, on `/dev/log` and other unix datagram sockets.",
	"omfile":             "Writes messages to files, which it can rotate.",
	"omfwd":              "Forwards messages to another syslog server over UDP, TCP or TLS.",
	"omrelp":             "Forwards messages over RELP and TLS: what the server does not acknowledge is sent again.",
	"ompipe":             "Writes messages to a named pipe.",
	"omprog":             "Hands messages to a program that reads them from its standard input.",
	"omshell":            "Runs a program for each message: the action line `^program`.",
	"omuxsock":           "Sends messages to a unix datagram socket.",
	"omusrmsg":           "Writes messages to the terminals of users who are logged in.",
	"omdiscard":          "Discards messages.",
	"omstdout":           "Writes messages to standard output, for tests.",
	"mmanon":             "Anonymises IP addresses in the message text.",
	"mmcef":              "Makes variables of messages in CEF and LEEF.",
	"mmcount":            "Counts the messages of a program.",
	"mmexternal":         "Lets a program change messages.",
	"mmfields":           "Splits the message text into variables.",
	"mmjsonparse":        "Makes variables of messages that are JSON.",
	"mmkv":               "Makes variables of the key=value pairs in the message text.",
	"mmnormalize":        "Makes variables of text that a rulebase in the format of liblognorm describes.",
	"mmpstrucdata":       "Makes variables of RFC 5424 structured data.",
	"mmrm1stspace":       "Takes one leading blank off the message text.",
	"mmsequence":         "Puts a number into each message.",
	"mmutf8fix":          "Replaces what is not UTF-8 in the message text.",
	"pmaixforwardedfrom": "Repairs messages that AIX has forwarded, for the parsers behind it.",
	"pmciscoios":         "Parses messages of Cisco IOS and IOS XR.",
	"pmcisconames":       "Repairs messages of Cisco devices that log with names, for the parsers behind it.",
	"pmdevice":           "Parses what network devices send in place of the RFCs. Not known to rsyslogd.",
	"pmlastmsg":          "Parses `last message repeated n times`.",
	"pmnull":             "Takes every message as it is.",
	"pmsnare":            "Repairs events of Snare agents, for the parsers behind it.",
	"pmrfc3164":          "Parses RFC 3164 messages and what comes near.",
	"pmrfc5424":          "Parses RFC 5424 messages.",
}

// Pages returns the reference pages by file name.
func Pages() map[string]string {
	reg := engine.Modules()
	pages := map[string]string{}
	var index []string
	add := func(name string, sections ...section) {
		pages[name+".md"] = page(name, sections)
		index = append(index, name)
	}
	for name, m := range reg.Inputs {
		add(name, section{fmt.Sprintf("module(load=%q ...)", name), m.Module.Infos}, section{fmt.Sprintf("input(type=%q ...)", name), m.Instance.Infos})
	}
	for name, m := range reg.Outputs {
		add(name, section{fmt.Sprintf("module(load=%q ...)", loadName(m)), m.Module.Infos}, section{fmt.Sprintf("action(type=%q ...)", name), m.Instance.Infos})
	}
	for name, m := range reg.Parsers {
		add(name, section{fmt.Sprintf("parser(type=%q ...)", name), m.Instance.Infos})
	}
	add("global", section{"global(...)", config.GlobalParams()})
	add("action", section{"action(...), any type", config.ActionParams()})
	for name, infos := range config.ObjectParams() {
		if name != "property" && name != "constant" {
			add(name, objectSections(name, infos)...)
		}
	}
	add("queue", section{"main_queue(...), ruleset(...), action(...)", queue.Params.Infos()})
	sort.Strings(index)
	var b strings.Builder
	b.WriteString("# Reference\n\nWritten by `make docs` from the tables that decode the parameters.\n\n")
	for _, name := range index {
		fmt.Fprintf(&b, "- [%s](%s.md)", name, name)
		if t := intro[name]; t != "" {
			b.WriteString(": " + t)
		}
		b.WriteByte('\n')
	}
	pages["README.md"] = b.String()
	return pages
}

// objectSections are the tables of an object that stands for itself.
func objectSections(name string, infos []param.Info) []section {
	out := []section{{name + "(...)", infos}}
	if name == "template" {
		all := config.ObjectParams()
		out = append(out, section{"property(...), in a template of type list", all["property"]}, section{"constant(...), in a template of type list", all["constant"]})
	}
	return out
}

func loadName(m *module.Output) string {
	if m.Builtin {
		return "builtin:" + m.Name
	}
	return m.Name
}

type section struct {
	title string
	infos []param.Info
}

func page(name string, sections []section) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n", name)
	if t := intro[name]; t != "" {
		b.WriteString(t + "\n\n")
	}
	for _, s := range sections {
		fmt.Fprintf(&b, "## %s\n\n", s.title)
		s.write(&b)
	}
	return b.String()
}

func (s section) write(b *strings.Builder) {
	var known, refused []param.Info
	for _, i := range s.infos {
		if i.Refused != "" {
			refused = append(refused, i)
		} else {
			known = append(known, i)
		}
	}
	if len(s.infos) == 0 {
		b.WriteString("No parameters.\n\n")
		return
	}
	if len(known) > 0 {
		b.WriteString("| parameter | legacy | type | default | meaning |\n|---|---|---|---|---|\n")
	}
	for _, i := range known {
		name := "`" + i.Name + "`"
		if strings.HasPrefix(i.Name, "$") {
			name = ""
		}
		def := i.DefaultText
		if i.DefaultDoc != "" {
			def = i.DefaultDoc
		}
		if i.IsRequired {
			def = "required"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", name, directives(i), i.Kind, def, cell(i.Text))
	}
	if len(known) > 0 {
		b.WriteByte('\n')
	}
	if len(refused) == 0 {
		return
	}
	b.WriteString("Known to rsyslogd, without effect or refused here:\n\n| parameter | legacy | why |\n|---|---|---|\n")
	for _, i := range refused {
		name := "`" + i.Name + "`"
		if strings.HasPrefix(i.Name, "$") {
			name = ""
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", name, directives(i), cell(i.Refused))
	}
	b.WriteByte('\n')
}

func directives(i param.Info) string {
	var out []string
	for _, d := range i.Directives {
		out = append(out, "`$"+d+"`")
	}
	return strings.Join(out, ", ")
}

func cell(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "|", "\\|"), "\n", " ")
}
