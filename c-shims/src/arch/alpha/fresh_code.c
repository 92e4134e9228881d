/*
 * Writing and running code.
 *
 * References:
 * - Alpha Architecture Handbook: encodings of LDA (08), LDAH (09), ADDL (10.00), RET (1A.2);
 *   "CALL_PAL IMB" (0086): instruction caches are not coherent, IMB makes them so and may be called
 *   in user mode.
 * - Calling Standard for Alpha Systems: first argument in r16, result in r0, both sign-extended
 *   from 32 bits; return address in r26.
 */
#define VG_CODE_LITTLE 1
#include "../common/emit.c"
#include "../common/call.c"

/* addl r16,r31,r0: the argument. */
#define VG_TAKE_ARGUMENT 0x421f0000ul
/* lda r0,low(r0) and ldah r0,high(r0), without their 16 bits. */
#define VG_LDA_R0 0x20000000ul
#define VG_LDAH_R0 0x24000000ul
/* addl r0,r31,r0: sign-extends the sum of 64 bits. */
#define VG_EXTEND 0x401f0000ul
/* ret r31,(r26),1 */
#define VG_RET 0x6bfa8001ul
/* Bytes of an addition and of the rest. */
#define VG_ADD_BYTES 8
#define VG_REST_BYTES 12

vg_u32 vg_fresh_encode(vg_u32 adds, vg_u32 constant, unsigned char *code, vg_u32 room)
{
    vg_u32 low = constant & 0xffff;
    /* LDA extends the sign of its half, LDAH makes up for it. */
    vg_u32 high = (constant + ((low & 0x8000) << 1)) >> 16;
    unsigned char *at = code;
    vg_u32 i;
    if (adds > VG_MAX_FRESH_ADDS || adds * VG_ADD_BYTES + VG_REST_BYTES > room) {
        return 0;
    }
    at = vg_emit(at, VG_TAKE_ARGUMENT);
    for (i = 0; i < adds; i++) {
        at = vg_emit(at, VG_LDA_R0 | low);
        at = vg_emit(at, VG_LDAH_R0 | high);
    }
    at = vg_emit(at, VG_EXTEND);
    at = vg_emit(at, VG_RET);
    return (vg_u32)(at - code);
}

void vg_fresh_synchronise(const unsigned char *code, vg_u32 bytes)
{
    (void)code, (void)bytes;
    __asm__ __volatile__("call_pal 0x86" : : : "memory");
}
