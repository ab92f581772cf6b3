package listener

// DrainTime is how long a stop waits for the end of a connection.
const DrainTime = drainTime

// KeepDescriptors makes the server keep those from that number on for others.
func (s *StreamServer) KeepDescriptors(from int) {
	s.crowd.mu.Lock()
	defer s.crowd.mu.Unlock()
	s.most = from
}
