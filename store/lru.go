package store

// The order of a Cache's entries is a heap by the use they were listed with. An
// append only notes its number in entry.used; the heap learns of it when the
// entry comes up for eviction. So the order is exact and an append costs one
// store.

// popOldest removes the entry whose use is the longest ago, nil if there is
// none. An entry that was used since it was listed goes back with its new
// place, so that the order costs nothing while files are only used.
func (c *Cache) popOldest() *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.oldest) > 0 {
		e := c.oldest[0]
		used := e.used.Load()
		if used == e.listed {
			c.drop(0)
			return e
		}
		e.listed = used
		c.sink(0)
	}
	return nil
}

// drop removes the entry at i of the heap. mu is held.
func (c *Cache) drop(i int) {
	e := c.oldest[i]
	n := len(c.oldest) - 1
	c.swap(i, n)
	c.oldest[n] = nil
	c.oldest = c.oldest[:n]
	if i < n {
		c.sink(i)
		c.rise(i)
	}
	e.index = -1
	delete(c.entries, e.key)
	c.last.CompareAndSwap(e, nil)
}

func (c *Cache) push(e *entry) {
	e.index = len(c.oldest)
	c.oldest = append(c.oldest, e)
	c.rise(e.index)
}

func (c *Cache) swap(i, k int) {
	c.oldest[i], c.oldest[k] = c.oldest[k], c.oldest[i]
	c.oldest[i].index, c.oldest[k].index = i, k
}

func (c *Cache) rise(i int) {
	for up := (i - 1) / 2; i > 0 && c.oldest[i].listed < c.oldest[up].listed; up = (i - 1) / 2 {
		c.swap(i, up)
		i = up
	}
}

func (c *Cache) sink(i int) {
	for {
		low := 2*i + 1
		if low >= len(c.oldest) {
			return
		}
		if r := low + 1; r < len(c.oldest) && c.oldest[r].listed < c.oldest[low].listed {
			low = r
		}
		if c.oldest[i].listed <= c.oldest[low].listed {
			return
		}
		c.swap(i, low)
		i = low
	}
}
