package omfwd

import (
	"fmt"
	"strings"
)

// parseLegacy reads @host, @@host and their options.
func parseLegacy(c *Config, text string) error {
	rest := strings.TrimPrefix(text, "@")
	c.Protocol = UDP
	if strings.HasPrefix(rest, "@") {
		c.Protocol, rest = TCP, rest[1:]
	}
	if strings.HasPrefix(rest, "(") {
		options, after, found := strings.Cut(rest[1:], ")")
		if !found {
			return fmt.Errorf("the options of %q have no )", text)
		}
		rest = after
		for _, o := range strings.Split(options, ",") {
			if err := c.legacyOption(strings.TrimSpace(o)); err != nil {
				return err
			}
		}
	}
	host, port := rest, ""
	if strings.HasPrefix(rest, "[") {
		end := strings.IndexByte(rest, ']')
		if end < 0 {
			return fmt.Errorf("the address in %q has no ]", text)
		}
		host = rest[1:end]
		port = strings.TrimPrefix(rest[end+1:], ":")
	} else if h, p, found := strings.Cut(rest, ":"); found {
		host, port = h, p
	}
	if host == "" {
		return fmt.Errorf("%q names no host", text)
	}
	c.Target = []string{host}
	if port != "" {
		c.Port = []string{port}
	}
	return nil
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
