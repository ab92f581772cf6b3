// Command go-log-syslog writes with log/syslog of the standard library.
package main

import (
	"log"
	"log/syslog"
	"os"
)

func main() {
	address := os.Getenv("SYSLOG_HOST") + ":" + os.Getenv("SYSLOG_PORT")
	for _, way := range [][2]string{{"udp", address}, {"tcp", address}, {"unixgram", os.Getenv("SYSLOG_SOCKET")}} {
		w, err := syslog.Dial(way[0], way[1], syslog.LOG_LOCAL4|syslog.LOG_INFO, "api")
		if err != nil {
			log.Fatal(err)
		}
		if err := w.Warning("slow request over " + way[0]); err != nil {
			log.Fatal(err)
		}
		w.Close()
	}
}
