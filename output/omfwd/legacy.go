package omfwd

import (
	"errors"
	"fmt"
	"strings"

	"syslogd/config/syntax"
)

// parseLegacy reads @host, @@host and their options.
func parseLegacy(c *Config, line *syntax.Line) (err error) {
	line.Skip('@')
	c.Protocol, c.Rebind = UDP, c.RebindUDP
	if line.Skip('@') {
		c.Protocol, c.Rebind = TCP, c.RebindTCP
	}
	if line.Skip('(') {
		options := line.Until(")")
		if !line.Skip(')') {
			return errors.New("the options of the action have no )")
		}
		for _, o := range strings.Split(options, ",") {
			if err := c.legacyOption(strings.TrimSpace(o)); err != nil {
				return err
			}
		}
	}
	host, port, err := line.Host()
	c.Target = []string{host}
	if port != "" {
		c.Port = []string{port}
	}
	return err
}

func (c *Config) legacyOption(o string) error {
	switch {
	case o == "":
	case o == "o":
		c.OctetCounted = true
	case o[0] == 'z' && len(o) == 1:
		c.ZipLevel = 9
	case o[0] == 'z' && len(o) == 2 && o[1] >= '0' && o[1] <= '9':
		c.ZipLevel = int(o[1] - '0')
	default:
		return fmt.Errorf("there is no option %q of forwarding, want o or z0 to z9", o)
	}
	return nil
}
