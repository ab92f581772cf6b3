package engine

import (
	"syslogd/listener/imfile"
	"syslogd/listener/imklog"
	"syslogd/listener/imkmsg"
	"syslogd/listener/immark"
	"syslogd/listener/impstats"
	"syslogd/listener/imptcp"
	"syslogd/listener/imrelp"
	"syslogd/listener/imtcp"
	"syslogd/listener/imudp"
	"syslogd/listener/imuxsock"
	"syslogd/modify/mmanon"
	"syslogd/modify/mmcef"
	"syslogd/modify/mmcount"
	"syslogd/modify/mmexternal"
	"syslogd/modify/mmfields"
	"syslogd/modify/mmjsonparse"
	"syslogd/modify/mmkv"
	"syslogd/modify/mmnormalize"
	"syslogd/modify/mmpstrucdata"
	"syslogd/modify/mmrm1stspace"
	"syslogd/modify/mmsequence"
	"syslogd/modify/mmutf8fix"
	"syslogd/module"
	"syslogd/output/omdiscard"
	"syslogd/output/omfile"
	"syslogd/output/omfwd"
	"syslogd/output/ompipe"
	"syslogd/output/omprog"
	"syslogd/output/omrelp"
	"syslogd/output/omshell"
	"syslogd/output/omstdout"
	"syslogd/output/omusrmsg"
	"syslogd/output/omuxsock"
	"syslogd/parser"
	"syslogd/parser/pmaixforwardedfrom"
	"syslogd/parser/pmciscoios"
	"syslogd/parser/pmcisconames"
	"syslogd/parser/pmdevice"
	"syslogd/parser/pmlastmsg"
	"syslogd/parser/pmnull"
	"syslogd/parser/pmsnare"
)

// Modules returns the modules of the server. This is the only place that
// imports them: a new module is one package and one line here.
func Modules() *module.Registry {
	r := &module.Registry{
		Drivers:     map[string]bool{"lmnsd_gtls": true, "lmnsd_ossl": true, "lmnsd_ptcp": true, "ffaup": true, "fmhash": true, "fmhttp": true, "fmpcre": true, "fmunflatten": true},
		Unavailable: unavailable(),
	}
	r.AddInput(imfile.Module)
	r.AddInput(imklog.Module)
	r.AddInput(imkmsg.Module)
	r.AddInput(immark.Module)
	r.AddInput(impstats.Module)
	r.AddInput(imudp.Module)
	r.AddInput(imtcp.Module)
	r.AddInput(imptcp.Module)
	r.AddInput(imrelp.Module)
	r.AddInput(imuxsock.Module)

	r.AddOutput(omfile.Module)
	r.AddOutput(omfwd.Module)
	r.AddOutput(ompipe.Module)
	r.AddOutput(omprog.Module)
	r.AddOutput(omrelp.Module)
	r.AddOutput(omshell.Module)
	r.AddOutput(omusrmsg.Module)
	r.AddOutput(omuxsock.Module)
	r.AddOutput(omdiscard.Module)
	r.AddOutput(omstdout.Module)

	r.AddOutput(mmanon.Module)
	r.AddOutput(mmcef.Module)
	r.AddOutput(mmcount.Module)
	r.AddOutput(mmexternal.Module)
	r.AddOutput(mmfields.Module)
	r.AddOutput(mmjsonparse.Module)
	r.AddOutput(mmkv.Module)
	r.AddOutput(mmnormalize.Module)
	r.AddOutput(mmpstrucdata.Module)
	r.AddOutput(mmrm1stspace.Module)
	r.AddOutput(mmsequence.Module)
	r.AddOutput(mmutf8fix.Module)

	r.AddParser(rfc3164())
	r.AddParser(rfc5424())
	r.AddParser(pmaixforwardedfrom.Module)
	r.AddParser(pmciscoios.Module)
	r.AddParser(pmcisconames.Module)
	r.AddParser(pmdevice.Module)
	r.AddParser(pmlastmsg.Module)
	r.AddParser(pmnull.Module)
	r.AddParser(pmsnare.Module)
	return r
}

func rfc3164() *module.ParserModule {
	m := module.NewParser("pmrfc3164", parser.RFC3164Params, func(c parser.RFC3164Config, _ module.ParserEnv) (module.Parser, error) {
		return parser.NewRFC3164(c), nil
	}, parser.NameRFC3164)
	m.Builtin = true
	return m
}

func rfc5424() *module.ParserModule {
	m := module.NewParser("pmrfc5424", nil, func(module.None, module.ParserEnv) (module.Parser, error) { return parser.RFC5424{}, nil }, parser.NameRFC5424)
	m.Builtin = true
	return m
}

// unavailable are rsyslogd's modules that this server does not have, so far.
// Loading one is a note; using one is an error.
func unavailable() map[string]*module.Unavailable {
	const notSent, notRead = "messages are not sent there", "messages are not read from there"
	list := map[string]*module.Unavailable{
		"imjournal": {Lost: "the systemd journal is not read", Directives: []string{"IMJournalPersistStateInterval", "IMJournalRatelimitInterval",
			"IMJournalRatelimitBurst", "IMJournalStateFile", "IMJournalIgnorePreviousMessages", "IMJournalDefaultSeverity",
			"IMJournalDefaultFacility", "IMJournalUsePIDFromSystem"}},
		"ommail": {Lost: notSent, Directives: []string{"ActionMailSMTPServer", "ActionMailSMTPPort", "ActionMailFrom", "ActionMailTo",
			"ActionMailSubject", "ActionMailEnableBody"}},
	}
	for _, name := range []string{"omkafka", "omelasticsearch", "omhttp", "omhiredis", "omrabbitmq",
		"ommysql", "ompgsql", "omlibdbi", "omjournal", "omsnmp", "ommongodb", "omamqp1", "omczmq", "omudpspoof", "omgssapi", "omhdfs", "omruleset"} {
		list[name] = &module.Unavailable{Lost: notSent}
	}
	for _, name := range []string{"imkafka", "imhttp", "improg", "imdocker", "imhiredis", "imgssapi", "im3195", "imczmq", "impcap", "imbeats", "imdtls", "imfifo", "imkubernetes", "imsolaris", "imdiag"} {
		list[name] = &module.Unavailable{Lost: notRead}
	}
	for _, name := range []string{"mmdblookup", "mmkubernetes", "mmsnmptrapd", "mmrfc5424addhmac"} {
		list[name] = &module.Unavailable{Lost: "messages are not modified"}
	}
	for _, name := range []string{"pmnormalize", "pmdb2diag", "pmpanngfw"} {
		list[name] = &module.Unavailable{Lost: "its dialect is not understood"}
	}
	return list
}
