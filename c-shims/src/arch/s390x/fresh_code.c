/*
 * Writing and running code.
 *
 * References:
 * - z/Architecture Principles of Operation: encodings of LLILH, IILL, ALR, LLGFR, BR (all of the first
 *   z/Architecture); "Conceptual sequence", "Serialization": a program sees its own stores in its
 *   instructions after serialising at the latest.
 * - ELF ABI s390x supplement: first argument and result in r2, zero-extended to 64 bits; return
 *   address in r14.
 */
#define VG_CODE_UNIT 2
#include "../common/emit.c"
#include "../common/call.c"

/* llilh r1,high; iill r1,low; alr r2,r1 */
#define VG_LLILH_R1 0xa51e
#define VG_IILL_R1 0xa513
#define VG_ALR_R2_R1 0x1e21
/* llgfr r2,r2; br r14; bcr 0,r7: nothing */
#define VG_LLGFR_HIGH 0xb916
#define VG_LLGFR_R2 0x0022
#define VG_BR_R14 0x07fe
#define VG_NOPR 0x0707
/* Bytes of an addition; of the rest with its padding. */
#define VG_ADD_BYTES 10
#define VG_REST_BYTES 8

vg_u32 vg_fresh_encode(vg_u32 adds, vg_u32 constant, unsigned char *code, vg_u32 room)
{
    unsigned char *at = code;
    vg_u32 i;
    if (adds > VG_MAX_FRESH_ADDS || adds * VG_ADD_BYTES + VG_REST_BYTES > room) {
        return 0;
    }
    for (i = 0; i < adds; i++) {
        at = vg_emit(at, VG_LLILH_R1);
        at = vg_emit(at, constant >> 16);
        at = vg_emit(at, VG_IILL_R1);
        at = vg_emit(at, constant);
        at = vg_emit(at, VG_ALR_R2_R1);
    }
    at = vg_emit(at, VG_LLGFR_HIGH);
    at = vg_emit(at, VG_LLGFR_R2);
    at = vg_emit(at, VG_BR_R14);
    if ((at - code) % 4 != 0) {
        at = vg_emit(at, VG_NOPR);
    }
    return (vg_u32)(at - code);
}

void vg_fresh_synchronise(const unsigned char *code, vg_u32 bytes)
{
    (void)code, (void)bytes;
    __asm__ __volatile__("bcr 15,0" : : : "memory");
}
