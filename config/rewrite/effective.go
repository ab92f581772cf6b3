package rewrite

import (
	"slices"

	"syslogd/config"
	"syslogd/config/syntax"
)

// Effective writes all that cfg sets and all defaults, as a configuration that
// means the same, with the place that each value comes from.
func Effective(cfg *config.Config, opt syntax.Options) ([]byte, error) {
	c := newConverter(cfg)
	c.full = true
	c.head()
	c.file(cfg.File)
	c.legacyRulesets()
	return c.text(syntax.PrintOptions{Width: width, Notes: true}, opt)
}

// head adds what stands before templates and rules: global(), modules, the main
// queue and the inputs.
func (c *converter) head() {
	all := func(*config.Setting) bool { return true }
	c.section("Global settings", object("global", choose(c.cfg.GlobalSettings(), all)...))
	var modules []syntax.Stmt
	for _, name := range c.usedModules() {
		load := name
		if !slices.Contains(c.cfg.Loaded, name) {
			load = "builtin:" + name
		}
		modules = append(modules, moduleObject(c.cfg, name, load, all))
	}
	c.section("Modules", modules...)
	c.section("The main queue", object("main_queue", choose(c.cfg.MainQueueSettings(), all)...))
	var inputs []syntax.Stmt
	for _, in := range c.cfg.Inputs {
		if in.Node != nil {
			inputs = append(inputs, input(in, all))
		}
	}
	c.section("Inputs", inputs...)
	c.section("Templates, tables and rules")
}

func (c *converter) section(title string, list ...syntax.Stmt) {
	if len(c.out) > 0 {
		c.top(&syntax.Comment{Lines: []string{""}})
	}
	c.top(note(title))
	c.top(list...)
}

// usedModules are the modules that are loaded, in the order in which they are, and
// behind them the built-in ones that have settings or that actions use, by name:
// what is written of them gives them settings, which must not change the order.
func (c *converter) usedModules() []string {
	builtin := c.cfg.Modules()
	for _, a := range c.cfg.Actions {
		if !slices.Contains(c.cfg.Loaded, a.Module.Name) && !slices.Contains(builtin, a.Module.Name) {
			builtin = append(builtin, a.Module.Name)
		}
	}
	slices.Sort(builtin)
	return slices.Concat(c.cfg.Loaded, builtin)
}

// origin says where a setting comes from.
func origin(s *config.Setting) string {
	switch {
	case s.From.Start.Src != nil:
		return s.From.Start.String()
	case s.Changed():
		return "follows from other settings"
	case s.Items == nil:
		return s.DefaultDoc
	}
	return "default"
}
