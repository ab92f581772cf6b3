package message

import (
	"bytes"
	"slices"
	"sync"
	"testing"
	"time"

	"syslogd/internal/receipt"
)

func TestBatchHoldsMessagesAndMemory(t *testing.T) {
	t.Parallel()
	slab := NewSlab(100)
	copy(slab.Buf, "onetwo")
	b := NewBatch(slab)
	o, p := &Origin{}, NewPeer("", "")
	b.Received = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	b.Add(slab.Buf[:3], o, p)
	b.Add(slab.Buf[3:6], o, p)
	b.StampReceived()
	if b.Len() != 2 || string(b.Msgs[0].Raw()) != "one" || string(b.Msgs[1].Raw()) != "two" {
		t.Errorf("messages %q", [][]byte{b.Msgs[0].Raw(), b.Msgs[1].Raw()})
	}
	if got := b.Msgs[1].Received.Unix(); got != b.Received.Unix() {
		t.Errorf("received %d", got)
	}
	before := b.Bytes()
	// A batch that was used before may still have 16 KB.
	side := b.Side(20000)
	if len(side) != 20000 || b.Bytes() < before+20000 {
		t.Errorf("%d bytes of side memory; batch counts %d, before %d", len(side), b.Bytes(), before)
	}
	b.Retain()
	b.Release()
	if string(b.Msgs[0].Raw()) != "one" {
		t.Error("released too early")
	}
	b.Release()
}

// Copies outlive the batch they were made of, be they many or few of its messages,
// and do not see what is set there later.
func TestCopiesOutliveTheirBatch(t *testing.T) {
	t.Parallel()
	for name, copied := range map[string]int{"most": 9, "half": 5, "few": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			slab := NewSlab(100)
			copy(slab.Buf, "0123456789")
			src := NewBatch(slab)
			for i := range 10 {
				src.Add(slab.Buf[i:i+1], &Origin{}, NewPeer("", ""))
			}
			c := NewBatch(nil)
			for i := range copied {
				m := &src.Msgs[i]
				m.MsgText = Span{0, 1}
				m.JSON = &Tree{}
				m.JSON.Set(ParsePath("n"), IntValue(1), true, true)
				c.AddCopy(m)
				m.JSON.Set(ParsePath("n"), IntValue(2), true, true)
				m.SetMsg([]byte("changed"))
			}
			memory := src.Bytes()
			c.Own(src)
			if got := c.Bytes(); 2*copied >= 10 && got < memory || got > memory+copied*400 {
				t.Errorf("counts %d bytes, the batch it is made of %d", got, memory)
			}
			src.Release()
			other := NewSlab(100) // may be the same memory
			copy(other.Buf, "xxxxxxxxxx")
			for i := range c.Msgs {
				m := &c.Msgs[i]
				if string(m.Raw()) != string(rune('0'+i)) || string(m.Msg()) != string(m.Raw()) || m.JSON.Get(ParsePath("n"), true).Int() != 1 {
					t.Errorf("message %d is %q, %q", i, m.Raw(), m.Msg())
				}
			}
			c.Release()
		})
	}
}

func TestReleasedTwice(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	b := NewBatch(nil)
	b.refs.Store(0)
	b.Release()
}

func TestNewBatchIsEmptyAfterAnother(t *testing.T) {
	t.Parallel()
	for range 100 {
		b := NewBatch(nil)
		if b.Len() != 0 || b.Ruleset != "" || b.Flow != nil || !b.Received.IsZero() || b.slab != nil {
			t.Fatalf("a used batch: %+v", b)
		}
		for range 10 {
			m := b.Add([]byte("x"), nil, nil)
			if m.Flags != 0 || m.Protocol != 0 || m.JSON != nil || m.TagText.Len != 0 {
				t.Fatalf("a used message: %+v", m)
			}
			m.Flags, m.Protocol, m.TagText.Len, m.JSON = Parsed, 1, 1, new(Tree)
		}
		b.Ruleset, b.Flow, b.Received = "r", new(Flow), time.Now()
		b.Cut(5) // a rate limit
		b.Release()
	}
}

func TestSideBuffersDoNotOverlap(t *testing.T) {
	t.Parallel()
	b := NewBatch(nil)
	var pieces [][]byte
	for i := range 200 {
		p := b.Side(1 + i*37%5000)
		for j := range p {
			p[j] = byte(i)
		}
		pieces = append(pieces, p)
	}
	for i, p := range pieces {
		if len(p) != cap(p) || !bytes.Equal(p, bytes.Repeat([]byte{byte(i)}, len(p))) {
			t.Fatalf("piece %d was overwritten, or can grow into the next", i)
		}
	}
	b.Release()
}

func TestReleasedMemoryIsPoisonedUnderRace(t *testing.T) {
	t.Parallel()
	if !poison {
		t.Skip("only with the race detector")
	}
	slab := NewSlab(10)
	text := slab.Buf[:4]
	copy(text, "text")
	b := NewBatch(slab)
	side := b.Side(4)
	copy(side, "side")
	// Taken out of the pool again by nobody: a size of its own.
	slab.class = -1
	b.Release()
	if string(text) == "text" || string(side) == "side" {
		t.Errorf("still readable: %q %q", text, side)
	}
}

func TestSlabSizes(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]int{0: 1 << 10, 1: 1 << 10, 1024: 1 << 10, 1025: 9 << 10, 65536: 72 << 10, 100000: 264 << 10, 300000: 300000} {
		s := NewSlab(n)
		if len(s.Buf) != want {
			t.Errorf("%d: got %d, want %d", n, len(s.Buf), want)
		}
		s.Release()
	}
}

func TestBatchesInManyGoroutines(t *testing.T) {
	t.Parallel()
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for range 200 {
				slab := NewSlab(1000)
				b := NewBatch(slab)
				for i := range 10 {
					text := slab.Buf[i*8 : i*8+8]
					for j := range text {
						text[j] = byte(g)
					}
					b.Add(text, nil, nil)
				}
				b.Retain()
				b.Release()
				for i := range b.Msgs {
					if b.Msgs[i].Raw()[7] != byte(g) {
						t.Error("memory is shared")
					}
				}
				b.Release()
			}
		})
	}
	wg.Wait()
}

func TestBatchCycleDoesNotAllocate(t *testing.T) {
	if poison {
		t.Skip("pools drop entries at random with the race detector")
	}
	cycle := func() {
		slab := NewSlab(64 << 10)
		b := NewBatch(slab)
		for i := range 100 {
			b.Add(slab.Buf[i*100:i*100+100], nil, nil)
		}
		b.Side(100)
		b.Release()
	}
	cycle()
	// A garbage collection in between empties the pools.
	if n := testing.AllocsPerRun(200, cycle); n >= 1 {
		t.Errorf("%.1f allocations", n)
	}
}

func BenchmarkBatchOf100(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		slab := NewSlab(64 << 10)
		batch := NewBatch(slab)
		for i := range 100 {
			batch.Add(slab.Buf[i*100:i*100+100], nil, nil)
		}
		batch.Release()
	}
}

// Whatever is made of a batch holds its receipt: that comes back when the last of it is
// released, with the worst that became of any.
func TestWhatIsMadeOfABatchHoldsItsReceipt(t *testing.T) {
	t.Parallel()
	make := func(b *Batch, from int) *Batch {
		c := NewBatch(nil)
		for i := from; i < b.Len(); i++ {
			c.AddCopy(&b.Msgs[i])
		}
		c.Own(b)
		return c
	}
	for name, derive := range map[string]func(b *Batch) *Batch{
		"a part":                  func(b *Batch) *Batch { return b.Part(2, 5) },
		"a part of a part":        func(b *Batch) *Batch { p := b.Part(2, 5); defer p.Release(); return p.Part(0, 1) },
		"copies that share":       func(b *Batch) *Batch { return make(b, 2) },
		"copies of their own":     func(b *Batch) *Batch { return make(b, 9) },
		"copies behind others":    func(b *Batch) *Batch { o := NewBatch(nil); o.Join(make(b, 9)); return o },
		"copies in front of some": func(b *Batch) *Batch { c := make(b, 9); c.Join(NewBatch(nil)); return c },
		"a part of joined copies": func(b *Batch) *Batch { c := make(b, 8); c.Join(make(b, 9)); defer c.Release(); return c.Part(0, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var told []receipt.Outcome
			b := NewBatch(nil)
			for range 10 {
				b.AddText([]byte("x"), nil, nil, 0)
			}
			b.Receipt = receipt.New(func(o receipt.Outcome) { told = append(told, o) })
			d := derive(b)
			b.Release()
			if d.Receipt == nil || len(told) > 0 {
				t.Fatalf("it holds no receipt, told %v", told)
			}
			d.Receipt.Mark(receipt.Unfinished)
			d.Release()
			if !slices.Equal(told, []receipt.Outcome{receipt.Unfinished}) {
				t.Errorf("told %v, want unfinished once", told)
			}
		})
	}
}

// TestACopyCountsItsVariables is about queues of actions: a message of some bytes may have
// variables that take hundreds of times as much.
func TestACopyCountsItsVariables(t *testing.T) {
	t.Parallel()
	src, dst := NewBatch(NewSlab(10)), NewBatch(nil)
	defer src.Release()
	defer dst.Release()
	m := src.Add([]byte("<13>a"), nil, nil)
	m.JSON = &Tree{}
	list := ArrayValue()
	for i := range 1000 {
		list.Append(IntValue(int64(i)))
	}
	m.JSON.Set(ParsePath("a"), list, false, true)
	dst.AddCopy(m)
	dst.Own(src)
	if n := dst.Bytes(); n < 1000*valueSize || n > 1200*valueSize {
		t.Errorf("%d bytes", n)
	}
}
