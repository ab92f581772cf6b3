// Command attack runs the built server as a black box and does to it what attackers, broken
// devices and failing machines do: mutated messages over every input with a configuration
// that uses most modules, hostile names in paths, certificates of all kinds, damaged queues,
// disks that are full or frozen, kills, and senders that take all they can get. At the end every message is either where it
// belongs or in a counter that says why not.
//
//	go run ./internal/attack -bin ./syslogd -time 5m
//
// All traffic stays on 127.0.0.1, all files in a directory of its own. It ends by itself. A
// failure prints the seed that repeats the choice of attacks, and keeps the directory.
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// attack is one run.
type attack struct {
	bin   string
	dir   string // of this kind of attack
	seeds [][]byte
	rand  *rand.Rand
	until time.Time // when this kind is to end
	stop  <-chan struct{}
	// counts say what was done, for the report.
	counts map[string]int
	// servers are those that were started: what still runs after a failure is ended.
	servers []*server
}

// more reports whether there is time for another round.
func (a *attack) more() bool {
	select {
	case <-a.stop:
		return false
	default:
		return time.Now().Before(a.until)
	}
}

// rounds attacks again and again, each time in a directory of its own, which is removed
// unless something failed.
func (a *attack) rounds(attack func(round int) error) error {
	top := a.dir
	for round := 0; round == 0 || a.more(); round++ {
		a.dir = filepath.Join(top, strconv.Itoa(round))
		if err := os.Mkdir(a.dir, 0o755); err != nil {
			return err
		}
		if err := attack(round); err != nil {
			return fmt.Errorf("in %s: %w", a.dir, err)
		}
		if err := os.RemoveAll(a.dir); err != nil {
			return err
		}
	}
	return nil
}

func (a *attack) count(what string, n int) { a.counts[what] += n }

// path is a file in the directory of this kind of attack.
func (a *attack) path(name string) string { return filepath.Join(a.dir, name) }

// A kind is one sort of attack. share is its part of the time.
type kind struct {
	name  string
	share int
	run   func(a *attack) error
}

var kinds = []kind{
	{"messages", 40, mutatedMessages},
	{"repeats", 10, repeatedMessages},
	{"paths", 10, hostilePaths},
	{"certificates", 5, certificates},
	{"queues", 15, damagedQueues},
	{"kills", 12, kills},
	{"disks", 8, disks},
	{"resources", 8, greedySenders},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "attack:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	bin := flag.String("bin", "./syslogd", "the server")
	length := flag.Duration("time", 5*time.Minute, "how long all of it takes, about")
	seed := flag.Uint64("seed", uint64(time.Now().UnixNano()), "choice of attacks")
	only := flag.String("only", "", "regular expression of the kinds to run")
	corpus := flag.String("messages", "testdata/messages", "directory of messages to begin with")
	flag.Parse()
	chosen, err := regexp.Compile(*only)
	if err != nil {
		return err
	}
	path, err := filepath.Abs(*bin)
	if err != nil {
		return err
	}
	seeds, err := readSeeds(*corpus)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "attack")
	if err != nil {
		return err
	}
	fmt.Printf("seed %d, files in %s\n", *seed, dir)
	total := 0
	for _, k := range kinds {
		if chosen.MatchString(k.name) {
			total += k.share
		}
	}
	passed, failed := 0, 0
	for i, k := range kinds {
		if !chosen.MatchString(k.name) {
			continue
		}
		a := &attack{
			bin: path, dir: filepath.Join(dir, k.name), seeds: seeds, counts: map[string]int{},
			rand: rand.New(rand.NewPCG(*seed, uint64(i))), stop: ctx.Done(),
			until: time.Now().Add(*length * time.Duration(k.share) / time.Duration(total)),
		}
		if a.of(k) {
			passed++
		} else {
			failed++
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	fmt.Printf("%d passed, %d failed\n", passed, failed)
	if failed > 0 {
		return fmt.Errorf("the files are in %s", dir)
	}
	return os.RemoveAll(dir)
}

// of attacks in one way, and says what came of it.
func (a *attack) of(k kind) (passed bool) {
	err := os.Mkdir(a.dir, 0o755)
	if err == nil {
		err = k.run(a)
	}
	for _, s := range a.servers {
		s.end()
	}
	if err != nil {
		fmt.Printf("FAIL %s: %s\n", k.name, shortened(err.Error()))
		return false
	}
	fmt.Printf("pass %s: %s\n", k.name, a.report())
	return true
}

// shortened is the beginning of a text: one fault is often reported many times.
func shortened(text string) string {
	const most = 4000
	if len(text) > most {
		return text[:most] + " ..."
	}
	return text
}

// report says what was done, in words.
func (a *attack) report() string {
	var list []string
	for what, n := range a.counts {
		list = append(list, fmt.Sprintf("%d %s", n, what))
	}
	sort.Strings(list)
	return strings.Join(list, ", ")
}
