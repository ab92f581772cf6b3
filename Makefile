# Targets are explained by `make help`.

GO      ?= go
BIN     ?= syslogd
PREFIX  ?= /usr/local
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo 0.1.0-dev)
FUZZTIME ?= 60s
ATTACKTIME ?= 5m
RSYSLOGD ?= $(firstword $(wildcard /usr/sbin/rsyslogd))

export CGO_ENABLED ?= 0

# Where a distribution has switched it off in go.env, the go command would pass over the toolchain
# line of go.mod and build with the holes of its own standard library.
export GOTOOLCHAIN ?= auto

# What `make vuln` reads: the checker, and the state of Go's vulnerability database.
GOVULNCHECK ?= golang.org/x/vuln/cmd/govulncheck@v1.9.0
VULNDB      ?= v0.0.0-20261105234957-e22db6528018

.PHONY: help build run test check vuln compat field compat-reference attack clients fuzz bench scale memory bench-go pgo docs install

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build ./syslogd, a static binary
	$(GO) build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o $(BIN) ./cmd/syslogd

run: build ## build and start with the built-in configuration: UDP and TCP on 5514, files in ./log
	./$(BIN) --default-config

test: ## run all tests
	$(GO) test ./...

check: ## gofmt, vet, staticcheck, layering, and all tests under the race detector where there is a C compiler
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$unformatted" ]; then echo "gofmt: $$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) test -run 'TestLayers|TestModuleReference|TestManualPages' ./internal/lint ./internal/docs
	@if command -v $${CC:-cc} >/dev/null; then CGO_ENABLED=1 $(GO) test -race -timeout 30m ./...; \
	else echo "no C compiler: the race detector needs one and is left out"; fi

vuln: ## look for known vulnerabilities that the program reaches, in Go's database of the date that VULNDB names
	@db=$$(mktemp -d) && trap 'rm -rf "$$db"' EXIT && \
	src=$$($(GO) mod download -json golang.org/x/vulndb@$(VULNDB) | sed -n 's/.*"Dir": "\(.*\)".*/\1/p') && \
	$(GO) run golang.org/x/vulndb/cmd/indexdb@$(VULNDB) -vulns "$$src/data/osv" -out "$$db" && \
	$(GO) version && $(GO) run $(GOVULNCHECK) -db "file://$$db" ./cmd/...

compat: build ## run the compatibility cases as they are, converted and in full, and the reference if rsyslogd is installed
	$(GO) run ./internal/compat -bin ./$(BIN) -failing testdata/compat/failing.txt
	$(GO) run ./internal/compat -bin ./$(BIN) -failing testdata/compat/failing.txt -rewrite convert
	$(GO) run ./internal/compat -bin ./$(BIN) -failing testdata/compat/failing.txt -rewrite config
ifneq ($(RSYSLOGD),)
	$(MAKE) compat-reference
else
	@echo "rsyslogd is not installed: the cases are not confirmed with it"
endif

compat-reference: ## run the compatibility cases against the installed rsyslogd
	$(GO) run ./internal/compat -bin $(RSYSLOGD) -reference

field: build ## run whole configurations in namespaces as root, beside rsyslogd if it is installed, else against what was recorded
	$(GO) build -o $(BIN).field ./internal/field
	./$(BIN).field -bin ./$(BIN); status=$$?; rm -f ./$(BIN).field; exit $$status

attack: build ## do to the built server what attackers and failing machines do, for ATTACKTIME (5m)
	$(GO) run ./internal/attack -bin ./$(BIN) -time $(ATTACKTIME)

clients: build ## let programs that people have log to the built-in configuration, as far as they are installed
	$(GO) run ./internal/clients -bin ./$(BIN)

fuzz: ## run each fuzz target for FUZZTIME (60s)
	@for pkg in $$(grep -rl --include=*_test.go '^func Fuzz' . | xargs -n1 dirname | sort -u); do \
		for target in $$(grep -h --include=*_test.go '^func Fuzz' $$pkg/*_test.go | sed 's/func \(Fuzz[A-Za-z0-9]*\).*/\1/'); do \
			echo "== $$pkg $$target"; $(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$pkg || exit 1; \
		done; done

bench: build ## measure the server beside rsyslogd and syslog-ng, as far as they are installed: one table
	$(GO) build -o loggen ./cmd/loggen
	./loggen bench -bin ./$(BIN)

scale: build ## measure what a message costs as connections, files, rules and sizes grow: a table, and scaling.svg
	$(GO) build -o loggen ./cmd/loggen
	./loggen scale -bin ./$(BIN) -svg scaling.svg

memory: build ## measure the memory of the server with full queues, many files and many connections
	$(GO) build -o loggen ./cmd/loggen
	./loggen memory -bin ./$(BIN)

bench-go: ## run the benchmarks of the packages; benchstat compares two outputs
	$(GO) test -run '^$$' -bench . -benchmem ./engine ./internal/literal ./message ./parser/... ./router/... ./store

pgo: ## write the profile that the compiler optimises the server by
	$(GO) test ./engine -run '^$$' -bench FromConnectionToFile -benchtime 4000000x -cpuprofile engine.prof -o engine.test
	$(GO) tool pprof -proto engine.prof >cmd/syslogd/default.pgo
	rm engine.prof engine.test

docs: ## write docs/modules and docs/man from the parameter tables
	$(GO) test ./internal/docs -run 'TestModuleReference|TestManualPages' -update

install: build ## install to PREFIX/sbin and PREFIX/share/man (/usr/local)
	install -D -m 0755 $(BIN) $(DESTDIR)$(PREFIX)/sbin/syslogd
	install -D -m 0644 docs/man/syslogd.8 $(DESTDIR)$(PREFIX)/share/man/man8/syslogd.8
	install -D -m 0644 docs/man/syslogd.conf.5 $(DESTDIR)$(PREFIX)/share/man/man5/syslogd.conf.5
