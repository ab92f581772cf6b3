package imuxsock_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"

	"syslogd/internal/process"
	"syslogd/listener"
	"syslogd/listener/imuxsock"
	"syslogd/message"
)

// activated is a server that systemd started: it takes the socket that was
// passed, twice, with a garbage collection in between.
func activated(path string) int {
	os.Setenv("LISTEN_PID", strconv.Itoa(os.Getpid()))
	first, err := receiveOne(path, "")
	if err != nil {
		fmt.Println("first start:", err)
		return 1
	}
	runtime.GC()
	runtime.GC()
	second, err := receiveOne(path, "<13>app: late")
	if err != nil {
		fmt.Println("second start:", err)
		return 1
	}
	fmt.Printf("received [%s] once, and [%s] after another start\n", first, second)
	return 0
}

// receiveOne runs an input until it has received a message, which is sent
// first if text is not empty.
func receiveOne(path, text string) (string, error) {
	c := defaults()
	c.Path = path
	in, err := imuxsock.New(*c, environment(os.Stdout))
	if err != nil {
		return "", err
	}
	if err := in.Open(context.Background()); err != nil {
		return "", err
	}
	if text != "" {
		if err := sendText(path, text); err != nil {
			return "", err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), process.Patience)
	defer cancel()
	q := &queue{batches: make(chan *message.Batch, 10)}
	ended := make(chan error, 1)
	go func() { ended <- in.Run(ctx, &listener.Submitter{Queue: q}) }()
	var got string
	select {
	case b := <-q.batches:
		_, got, _ = strings.Cut(string(b.Msgs[0].Raw()), "app: ")
	case <-ctx.Done():
		err = ctx.Err()
	}
	cancel()
	<-ended
	return got, err
}
