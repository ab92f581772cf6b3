package listener_test

import (
	"io"
	"net"
	"strings"
	"testing"

	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"

	"syslogd/listener"
)

// packer compresses what is written to it; what is flushed can be read.
type packer interface {
	io.WriteCloser
	Flush() error
}

func pack(t *testing.T, c net.Conn, format listener.Compression) packer {
	t.Helper()
	if format == listener.Zlib {
		return zlib.NewWriter(c)
	}
	w, err := zstd.NewWriter(c)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func sendPacked(t *testing.T, w packer, text string) {
	t.Helper()
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
}

func TestACompressedStreamIsReadAsItArrives(t *testing.T) {
	t.Parallel()
	for _, format := range []listener.Compression{listener.Zlib, listener.Zstd} {
		s := listen(t, func(o *listener.StreamOptions) { o.Compression = format })
		c := s.dial()
		w := pack(t, c, format)
		sendPacked(t, w, "<13>one\n<13>tw")
		s.wants("<13>one")
		sendPacked(t, w, "o\n")
		s.wants("<13>one", "<13>two")
		long := "<13>" + strings.Repeat("x", 7000)
		for range 100 { // more than a read at a time
			sendPacked(t, w, long+"\n")
		}
		sendPacked(t, w, "<13>unfinished")
		w.Close()
		c.Close()
		s.until("102 messages and the unfinished one", func() bool { return len(s.queue.got()) == 103 })
		if got := s.queue.got(); got[2] != long || got[101] != long || got[102] != "<13>unfinished" {
			t.Errorf("format %d: the messages are not what was sent", format)
		}
		s.stop()
		if log := s.log.String(); log != "" {
			t.Errorf("format %d: logged %s", format, log)
		}
	}
}

func TestWhatIsUnderWayInACompressedStreamIsReadAtAStop(t *testing.T) {
	t.Parallel()
	s := listen(t, func(o *listener.StreamOptions) { o.Compression = listener.Zlib })
	c := s.dial()
	w := pack(t, c, listener.Zlib)
	sendPacked(t, w, "<13>one\n")
	s.wants("<13>one")
	sendPacked(t, w, "<13>two\n")
	s.stop()
	s.wants("<13>one", "<13>two")
}

func TestAStreamThatIsNotCompressedIsReported(t *testing.T) {
	t.Parallel()
	for _, format := range []listener.Compression{listener.Zlib, listener.Zstd} {
		s := listen(t, func(o *listener.StreamOptions) { o.Compression = format })
		c := s.dial()
		s.write(c, "<13>plain text, longer than any header\n")
		s.until("a warning", func() bool { return strings.Contains(s.log.String(), "the compressed stream is broken") })
		if _, err := c.Read(make([]byte, 1)); err == nil {
			t.Error("the connection is still open")
		}
		if s.FramingErrors.Value() != 1 || len(s.queue.got()) != 0 {
			t.Errorf("%d errors, messages %q", s.FramingErrors.Value(), s.queue.got())
		}
		s.stop()
	}
}
