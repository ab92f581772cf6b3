package main

import (
	"bytes"
	"flag"
	"fmt"
	"strings"
)

// serverFlag is a flag of the server, for --help and for shells.
type serverFlag struct {
	name, value, does string
}

// serverFlags returns them in the order of --help.
func serverFlags() []serverFlag {
	return []serverFlag{
		{"-f", "FILE", "configuration file (" + defaultConfigFile + ")"},
		{"-i", "FILE", "pid file (" + defaultPidFile + "), NONE for none"},
		{"-n", "", "stay in the foreground"},
		{"-N", "LEVEL", "check the configuration and exit: 0 clean, 1 not clean"},
		{"-o", "FILE", "write the configuration with all includes to FILE"},
		{"-C", "", "do not change to the directory /"},
		{"-T", "DIR", "change the root directory"},
		{"-d", "", "debugging messages on standard error"},
		{"-v", "", "version"},
		{"--default-config", "", "run with the built-in configuration: files in ./log, state in ./run"},
		{"--print-default-config", "", "print it"},
		{"--version", "", "version"},
		{"--help", "", "this list"},
	}
}

func shellNames() []string { return []string{"bash", "zsh", "fish"} }

// completionCommand is "completion": a script for a shell, made from the tables
// of flags and subcommands.
func (c *command) completionCommand(*flag.FlagSet) func([]string) int {
	return func(words []string) int {
		if len(words) == 0 {
			return c.misused("completion", fmt.Errorf("which shell? %s", strings.Join(shellNames(), ", ")))
		}
		var b bytes.Buffer
		switch words[0] {
		case "bash":
			bashCompletion(&b)
		case "zsh":
			zshCompletion(&b)
		case "fish":
			fishCompletion(&b)
		default:
			return c.misused("completion", fmt.Errorf("there is no completion for %q, but for %s",
				words[0], strings.Join(shellNames(), ", ")))
		}
		c.stdout.Write(b.Bytes())
		return 0
	}
}

// flagsOf returns the flags of a subcommand as shells are told of them.
func flagsOf(s subcommand) []serverFlag {
	list := []serverFlag{{"--help", "", "what the command does"}}
	f := newFlags(s.name)
	s.setup(&command{}, f)
	f.VisitAll(func(x *flag.Flag) {
		value, text := flag.UnquoteUsage(x)
		list = append(list, serverFlag{dashed(x.Name), value, text})
	})
	return list
}

// choices are the words that a subcommand takes, nil when they are not from a list.
func (s subcommand) choices() []string {
	switch s.words {
	case shellWord:
		return shellNames()
	case commandWord:
		return subcommandNames()
	}
	return nil
}

func flagNames(list []serverFlag) string {
	var names []string
	for _, f := range list {
		names = append(names, f.name)
	}
	return strings.Join(names, " ")
}

// bashCompletion offers flags behind a dash, else commands, their words or files.
func bashCompletion(b *bytes.Buffer) {
	b.WriteString(`# bash completion of syslogd
_syslogd() {
	local word=${COMP_WORDS[COMP_CWORD]} flags words
	case ${COMP_WORDS[1]} in
`)
	for _, s := range subcommands() {
		fmt.Fprintf(b, "\t%s) flags=%q words=%q ;;\n", s.name, flagNames(flagsOf(s)), strings.Join(s.choices(), " "))
	}
	fmt.Fprintf(b, "\t*) flags=%q ;;\n\tesac\n", flagNames(serverFlags()))
	fmt.Fprintf(b, "\t[ \"$COMP_CWORD\" = 1 ] && words=%q\n", strings.Join(subcommandNames(), " "))
	b.WriteString(`	case $word in
	-*) COMPREPLY=($(compgen -W "$flags" -- "$word")) ;;
	*) COMPREPLY=($(compgen -W "$words" -- "$word")); [ -n "$words" ] || COMPREPLY=($(compgen -f -- "$word")) ;;
	esac
}
complete -o filenames -F _syslogd syslogd
`)
}

// zshCompletion is for a file _syslogd in $fpath.
func zshCompletion(b *bytes.Buffer) {
	b.WriteString("#compdef syslogd\n# zsh completion of syslogd\n_syslogd() {\n\tif (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then\n\t\tlocal -a commands=(\n")
	for _, s := range subcommands() {
		fmt.Fprintf(b, "\t\t\t%s\n", shellQuote(s.name+":"+s.does))
	}
	b.WriteString("\t\t)\n\t\t_describe command commands\n\t\treturn\n\tfi\n\tlocal command=$words[2]\n\tcase $command in\n")
	for _, s := range subcommands() {
		words := "*:file:_files"
		if list := s.choices(); list != nil {
			words = "*:word:(" + strings.Join(list, " ") + ")"
		}
		fmt.Fprintf(b, "\t%s) shift words; (( CURRENT-- )); _arguments %s %s ;;\n", s.name, zshFlags(flagsOf(s)), shellQuote(words))
	}
	fmt.Fprintf(b, "\t*) _arguments %s ;;\n\tesac\n}\n", zshFlags(serverFlags()))
	b.WriteString("if [ \"$funcstack[1]\" = _syslogd ]; then _syslogd \"$@\"; else compdef _syslogd syslogd; fi\n")
}

func zshFlags(list []serverFlag) string {
	var specs []string
	for _, f := range list {
		does := strings.NewReplacer("[", `\[`, "]", `\]`, ":", `\:`).Replace(f.does)
		spec := f.name + "[" + does + "]"
		if f.value != "" {
			spec += ":" + strings.ToLower(f.value) + ":_files"
		}
		specs = append(specs, shellQuote(spec))
	}
	return strings.Join(specs, " ")
}

func fishCompletion(b *bytes.Buffer) {
	b.WriteString("# fish completion of syslogd\n")
	all := strings.Join(subcommandNames(), " ")
	fishFlags(b, "not __fish_seen_subcommand_from "+all, serverFlags())
	for _, s := range subcommands() {
		fmt.Fprintf(b, "complete -c syslogd -n __fish_use_subcommand -f -a %s -d %s\n", s.name, shellQuote(s.does))
		seen := "__fish_seen_subcommand_from " + s.name
		fishFlags(b, seen, flagsOf(s))
		if list := s.choices(); list != nil {
			fmt.Fprintf(b, "complete -c syslogd -n %s -f -a %s\n", shellQuote(seen), shellQuote(strings.Join(list, " ")))
		}
	}
}

func fishFlags(b *bytes.Buffer, when string, list []serverFlag) {
	for _, f := range list {
		kind, name := "-s", strings.TrimPrefix(f.name, "-")
		if long, isLong := strings.CutPrefix(f.name, "--"); isLong {
			kind, name = "-l", long
		}
		value := ""
		if f.value != "" {
			value = " -r -F"
		}
		fmt.Fprintf(b, "complete -c syslogd -n %s %s %s%s -d %s\n", shellQuote(when), kind, name, value, shellQuote(f.does))
	}
}

// shellQuote is text as one word of bash, zsh and fish: none of what is quoted
// here has a backslash in front of a quote.
func shellQuote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
