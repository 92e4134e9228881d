/*
 * Writing and running code.
 *
 * References:
 * - PA-RISC 1.1 Architecture and Instruction Set Reference Manual: encodings of OR, ADDIL, LDO, BV;
 *   FDC, FIC and SYNC: caches are not coherent, a program may flush its own lines, and seven
 *   instructions after the last SYNC the new code is seen.
 * - PA-RISC Procedure Calling Conventions: first argument in r26, result in r28, return address in
 *   r2; an address without the plabel bit is code.
 */
#include "../common/emit.c"
#include "../common/call.c"

/* or r26,r0,r28; or r0,r0,r0, which does nothing */
#define VG_COPY_ARGUMENT 0x081a025cul
#define VG_NOP 0x08000240ul
/* addil high,r28 (into r1); ldo low(r1),r28; both without the constant */
#define VG_ADDIL_R28 0x2b800000ul
#define VG_LDO_R1_R28 0x343c0000ul
/* bv r0(r2), with the instruction after it still executed */
#define VG_BV_R2 0xe840c000ul
/* Bits of a constant that LDO adds; ADDIL has the 21 above them. */
#define VG_LOW_BITS 11
/* Bytes of an addition and of the rest. */
#define VG_ADD_BYTES 8
#define VG_REST_BYTES 12
/* The smallest cache line. */
#define VG_LINE 16

/* The 21 bits as ADDIL's word has them. */
static vg_u32 vg_scattered(vg_u32 high)
{
    return high >> 20 | (high >> 9 & 0x7ff) << 1 | (high >> 7 & 3) << 14 | (high >> 2 & 0x1f) << 16 |
           (high & 3) << 12;
}

vg_u32 vg_fresh_encode(vg_u32 adds, vg_u32 constant, unsigned char *code, vg_u32 room)
{
    vg_u32 high = vg_scattered(constant >> VG_LOW_BITS);
    /* The lowest bit is the sign. */
    vg_u32 low = (constant & ((1 << VG_LOW_BITS) - 1)) << 1;
    unsigned char *at = code;
    vg_u32 i;
    if (adds > VG_MAX_FRESH_ADDS || adds * VG_ADD_BYTES + VG_REST_BYTES > room) {
        return 0;
    }
    at = vg_emit(at, VG_COPY_ARGUMENT);
    for (i = 0; i < adds; i++) {
        at = vg_emit(at, VG_ADDIL_R28 | high);
        at = vg_emit(at, VG_LDO_R1_R28 | low);
    }
    at = vg_emit(at, VG_BV_R2);
    at = vg_emit(at, VG_NOP);
    return (vg_u32)(at - code);
}

void vg_fresh_synchronise(const unsigned char *code, vg_u32 bytes)
{
    const unsigned char *line;
    for (line = code; line < code + bytes + VG_LINE; line += VG_LINE) {
        __asm__ __volatile__("fdc %%r0(%0)" : : "r"(line) : "memory");
    }
    __asm__ __volatile__("sync" : : : "memory");
    for (line = code; line < code + bytes + VG_LINE; line += VG_LINE) {
        __asm__ __volatile__("fic %%r0(%%sr4,%0)" : : "r"(line) : "memory");
    }
    __asm__ __volatile__("sync\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop" : : : "memory");
}
