package hosts

// MaxPeers is how many senders are known at a time.
const MaxPeers = maxPeers

// Known is how many senders are known.
func (n *Names) Known() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.peers)
}
