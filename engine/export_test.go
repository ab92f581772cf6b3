package engine

import "syslogd/router"

// Router is what the server runs messages through.
func (e *Engine) Router() *router.Router { return e.router }
