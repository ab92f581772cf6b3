package queue

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

// A segment is a file of records, one after the other, behind a header that
// names the first sequence number. All numbers are little endian.
//
//	segment header  "SYSLOGQ1", number of the first record (8), CRC (4)
//	record header   mark (4), length of the body (4), number (8), flow (8), messages (4), CRC (4)
//	record body     message.AppendBatch
//
// The CRC is CRC32C of the body followed by the header without mark and CRC. The
// mark lets a reader find the next record behind bytes that are none.
const (
	segmentMagic  = "SYSLOGQ1"
	segmentHeader = 20
	recordHeader  = 32
)

var recordMark = []byte{0xC5, 0x1E, 0xA7, 0x9B}

// maxBody bounds a record. A record holds maxRecordMessages at most and is ended
// when it has targetBody bytes, so only a message of its own is ever that large.
const (
	maxBody           = 64 << 20
	targetBody        = 64 << 10
	maxRecordMessages = 1024
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// record is one record of a segment. body lies in the buffer it was read from.
type record struct {
	seq  uint64
	flow uint64
	msgs int
	body []byte
}

// appendSegmentHeader appends the header of a segment.
func appendSegmentHeader(dst []byte, first uint64) []byte {
	start := len(dst)
	dst = append(dst, segmentMagic...)
	dst = binary.LittleEndian.AppendUint64(dst, first)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

func isSegmentHeader(p []byte) bool {
	return len(p) >= segmentHeader && string(p[:len(segmentMagic)]) == segmentMagic &&
		crc32.Checksum(p[:segmentHeader-4], castagnoli) == binary.LittleEndian.Uint32(p[segmentHeader-4:])
}

// sealRecord fills in the header of a record whose body stands in p behind it.
// bodySum is the body's CRC, so that nothing but the header is left to do once
// the number is known.
func sealRecord(p []byte, r *record, bodySum uint32) {
	copy(p, recordMark)
	binary.LittleEndian.PutUint32(p[4:], uint32(len(p)-recordHeader))
	binary.LittleEndian.PutUint64(p[8:], r.seq)
	binary.LittleEndian.PutUint64(p[16:], r.flow)
	binary.LittleEndian.PutUint32(p[24:], uint32(r.msgs))
	binary.LittleEndian.PutUint32(p[28:], crc32.Update(bodySum, castagnoli, p[4:28]))
}

// resealRecord is sealRecord for a body whose CRC is not known.
func resealRecord(p []byte, r *record) {
	sealRecord(p, r, crc32.Checksum(p[recordHeader:], castagnoli))
}

// parseRecord reads the record that p begins with and returns its length. need
// is the number of bytes that it has if they are not all there. Both are 0 when p
// does not begin with a record.
func parseRecord(p []byte, r *record) (length, need int) {
	if len(p) < recordHeader {
		if bytes.HasPrefix(recordMark, p[:min(len(p), len(recordMark))]) || bytes.HasPrefix(p, recordMark) {
			return 0, recordHeader
		}
		return 0, 0
	}
	size := int(binary.LittleEndian.Uint32(p[4:]))
	if !bytes.HasPrefix(p, recordMark) || size > maxBody {
		return 0, 0
	}
	if len(p) < recordHeader+size {
		return 0, recordHeader + size
	}
	p = p[:recordHeader+size]
	sum := crc32.Checksum(p[recordHeader:], castagnoli)
	if crc32.Update(sum, castagnoli, p[4:28]) != binary.LittleEndian.Uint32(p[28:]) {
		return 0, 0
	}
	r.seq, r.flow = binary.LittleEndian.Uint64(p[8:]), binary.LittleEndian.Uint64(p[16:])
	r.msgs, r.body = int(binary.LittleEndian.Uint32(p[24:])), p[recordHeader:]
	return len(p), 0
}

// findRecord returns where in p the next record may begin, from offset 1 on.
func findRecord(p []byte) int {
	if len(p) < 2 {
		return len(p)
	}
	if i := bytes.Index(p[1:], recordMark); i >= 0 {
		return i + 1
	}
	// The mark may be cut off.
	return max(1, len(p)-len(recordMark)+1)
}
