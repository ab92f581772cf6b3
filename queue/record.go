package queue

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

// A segment is a file of records, one after the other, behind a header that
// names the first sequence number. All numbers are little endian.
//
//	segment header  "SYSLOGQ2", number of the first record (8), link (8), CRC (4)
//	record header   mark (4), length of the body (4), number (8), flow (8), messages (4), CRC (4)
//	record body     message.AppendBatch
//
// Messages are numbered, and a record has the number of its first one, so that a gap
// tells how many are missing. The link is the number behind the last message that was
// written before the segment was begun: what lies between that and the segment was
// never on disk. It is 0 where numbers have gaps for other reasons.
//
// The CRC is CRC32C of the body followed by the header without mark and CRC. The
// mark lets a reader find the next record behind bytes that are none.
const (
	segmentMagic  = "SYSLOGQ2"
	segmentHeader = 28
	recordHeader  = 32
)

var recordMark = []byte{0xC5, 0x1E, 0xA7, 0x9B}

// maxBody bounds a record. A record holds maxRecordMessages at most and is ended
// when it has targetBody bytes, so only a message of its own is ever that large.
const (
	maxBody           = 64 << 20
	targetBody        = 64 << 10
	maxRecordMessages = 1024
	// maxNumber bounds numbers, and maxKept those of files: what is greater was never
	// given to a message.
	maxNumber = 1 << 61
	maxKept   = maxNumber / 2
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// record is one record of a segment. body lies in the buffer it was read from.
type record struct {
	seq  uint64 // number of its first message
	flow uint64
	msgs int
	body []byte
}

// end is the number behind the last message.
func (r *record) end() uint64 { return r.seq + uint64(r.msgs) }

// appendSegmentHeader appends the header of a segment.
func appendSegmentHeader(dst []byte, first, link uint64) []byte {
	start := len(dst)
	dst = append(dst, segmentMagic...)
	dst = binary.LittleEndian.AppendUint64(dst, first)
	dst = binary.LittleEndian.AppendUint64(dst, link)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

// parseSegmentHeader returns the first number and the link of the segment that p begins with.
func parseSegmentHeader(p []byte) (first, link uint64, ok bool) {
	ok = len(p) >= segmentHeader && string(p[:len(segmentMagic)]) == segmentMagic &&
		crc32.Checksum(p[:segmentHeader-4], castagnoli) == binary.LittleEndian.Uint32(p[segmentHeader-4:])
	if !ok {
		return 0, 0, false
	}
	first, link = binary.LittleEndian.Uint64(p[8:]), binary.LittleEndian.Uint64(p[16:])
	return first, link, first > 0 && first < maxNumber && link < maxNumber
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
	if r.seq >= maxNumber || r.msgs > size { // who wrote that is not us
		return 0, 0
	}
	return len(p), 0
}

// lostIn is how many messages the garbled record that p begins with had, as far as its
// header tells.
func lostIn(p []byte) int {
	if len(p) < recordHeader || !bytes.HasPrefix(p, recordMark) {
		return 0
	}
	if n := int(binary.LittleEndian.Uint32(p[24:])); n <= maxRecordMessages {
		return n
	}
	return 0
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
