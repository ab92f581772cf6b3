package config

import "syslogd/config/param"

// GlobalParams describes the parameters of global(), for documentation.
func GlobalParams() []param.Info { return globalParams.Infos() }

// ActionParams describes the parameters that actions of all types have, for documentation.
func ActionParams() []param.Info { return actionParams.Infos() }
