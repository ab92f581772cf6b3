package template

import "syslogd/config/param"

// Params describes the parameters of template(), for documentation.
func Params() []param.Info { return definitionParams.Infos() }

// PropertyParams describes the parameters of property() in a list template, for documentation.
func PropertyParams() []param.Info { return propertyParams.Infos() }

// ConstantParams describes the parameters of constant() in a list template, for documentation.
func ConstantParams() []param.Info { return constantParams.Infos() }
