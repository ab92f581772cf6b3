package deps
import (
 _ "github.com/leodido/go-syslog/v4/rfc5424"
 _ "github.com/leodido/go-syslog/v4/rfc3164"
 _ "github.com/prometheus/client_golang/prometheus"
 _ "github.com/prometheus/client_golang/prometheus/promhttp"
 _ "github.com/prometheus/client_golang/prometheus/collectors"
 _ "github.com/prometheus/client_golang/prometheus/testutil"
 _ "gopkg.in/natefinch/lumberjack.v2"
 _ "golang.org/x/sys/unix"
 _ "github.com/klauspost/compress/gzip"
 _ "github.com/klauspost/compress/zstd"
 _ "github.com/coreos/go-systemd/v22/daemon"
 _ "github.com/coreos/go-systemd/v22/activation"
 _ "github.com/rogpeppe/go-internal/testscript"
 _ "golang.org/x/tools/txtar"
)
