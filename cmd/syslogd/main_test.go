package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"syslogd/internal/process"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	// Puts the program under test in PATH, for the scripts and for startServer.
	testscript.Main(m, map[string]func(){"syslogd": main, "status": status})
}

// status runs a command and prints its exit status.
func status() {
	cmd := exec.Command(os.Args[1], os.Args[2:]...)
	cmd.Stderr = os.Stderr
	cmd.Run()
	fmt.Println("status", cmd.ProcessState.ExitCode())
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Deadline:            time.Now().Add(5 * process.Patience),
		Setup: func(env *testscript.Env) error {
			env.Defer(func() { terminate(filepath.Join(env.WorkDir, "run.pid")) })
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"log": logCommand, "send": sendCommand, "waitfile": waitFileCommand, "signal": signalCommand,
		},
	})
}

// terminate ends what a script left running: a server does not end on the
// interrupt that a script sends at its end.
func terminate(pidFile string) {
	text, err := os.ReadFile(pidFile)
	if err != nil {
		return
	}
	if pid, err := strconv.Atoi(string(text)); err == nil {
		syscall.Kill(pid, syscall.SIGTERM)
	}
}
