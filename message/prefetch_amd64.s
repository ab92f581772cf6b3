#include "textflag.h"

// PREFETCHW (AX)
#define FETCH BYTE $0x0f; BYTE $0x0d; BYTE $0x08

// func prefetch(p *Message)
//
// The first cache line of each of eight messages of 192 bytes.
TEXT ·prefetch(SB), NOSPLIT, $0-8
	MOVQ p+0(FP), AX
	FETCH
	ADDQ $192, AX
	FETCH
	ADDQ $192, AX
	FETCH
	ADDQ $192, AX
	FETCH
	ADDQ $192, AX
	FETCH
	ADDQ $192, AX
	FETCH
	ADDQ $192, AX
	FETCH
	ADDQ $192, AX
	FETCH
	RET
