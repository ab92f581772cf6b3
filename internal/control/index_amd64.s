#include "textflag.h"

// func index(p []byte) int
//
// A byte is below 32 if it is the lesser one of itself and 31. PMOVMSKB makes one bit of
// each of 16 bytes.
TEXT ·index(SB), NOSPLIT, $0-32
	MOVQ p_base+0(FP), SI
	MOVQ p_len+8(FP), BX
	MOVQ SI, DI              // where to look
	LEAQ (SI)(BX*1), R8      // the end
	MOVQ $0x1f1f1f1f1f1f1f1f, AX
	MOVQ AX, X0
	PUNPCKLQDQ X0, X0
	LEAQ -64(R8), R9         // the last place for 64 bytes
	CMPQ DI, R9
	JHI  few

many:
	MOVOU (DI), X1
	MOVOU 16(DI), X2
	MOVOU 32(DI), X3
	MOVOU 48(DI), X4
	MOVOU X1, X5
	PMINUB X2, X5
	MOVOU X3, X6
	PMINUB X4, X6
	PMINUB X6, X5            // the least of four
	MOVOU X5, X6
	PMINUB X0, X6
	PCMPEQB X5, X6
	PMOVMSKB X6, AX
	TESTL AX, AX
	JNE  few
	ADDQ $64, DI
	CMPQ DI, R9
	JLS  many

few:
	LEAQ -16(R8), R9
	CMPQ DI, R9
	JHI  last

sixteen:
	MOVOU (DI), X1
	MOVOU X1, X2
	PMINUB X0, X2
	PCMPEQB X1, X2
	PMOVMSKB X2, AX
	TESTL AX, AX
	JNE  found
	ADDQ $16, DI
	CMPQ DI, R9
	JLS  sixteen

last:
	CMPQ DI, R8
	JEQ  none
	MOVQ R9, DI              // overlaps what has been looked at
	JMP  sixteen

none:
	MOVQ BX, ret+24(FP)
	RET

found:
	BSFL AX, AX
	SUBQ SI, DI
	ADDQ DI, AX
	MOVQ AX, ret+24(FP)
	RET
