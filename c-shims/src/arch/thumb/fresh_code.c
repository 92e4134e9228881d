/*
 * Writing and running code.
 *
 * References:
 * - ARMv7-M Architecture Reference Manual (DDI 0403) A7.7: encodings of ADD (T1), MOVW (T3), MOVT (T1),
 *   BX; A2.3.1: an address to branch to has bit 0 set; B3.2.8: CCR, whose bits 16 and 17 enable the caches
 *   for data and instructions, and read as 0 where there are none.
 * - ARM, "Barrier instructions" (DAI 0321) 4.8: DSB and ISB after writing code.
 * - Procedure Call Standard for the Arm Architecture: argument and result in r0; r1 is the callee's.
 *
 * Where caches are enabled (Cortex-M7), code that was just written may not be what is fetched, and which
 * memory is cached is the firmware's decision. There is no fresh code then, nor without the privilege to
 * ask, unless it is compiled with VG_HOST_SYNCHRONISE: then the firmware brings
 * "void vg_host_synchronise(const unsigned char *code, vg_u32 bytes)".
 */
#define VG_CODE_UNIT 2
#define VG_CODE_LITTLE 1
#include "../common/emit.c"

/* movw r1,#half; movt r1,#half: a word before one with the rest of the half. */
#define VG_MOVW 0xf240
#define VG_MOVT 0xf2c0
#define VG_TO_R1 0x0100
/* adds r0,r0,r1; bx lr; nop */
#define VG_ADD_R1_R0 0x1840
#define VG_BX_LR 0x4770
#define VG_NOP 0xbf00
/* Bytes of an addition; of the rest with its padding. */
#define VG_ADD_BYTES 2
#define VG_REST_BYTES 12

#define VG_CACHES_ENABLED (3ul << 16)

/* An instruction that takes 16 bits of a constant, in four pieces of 4, 1, 3 and 8 bits. */
static unsigned char *vg_emit_half(unsigned char *at, vg_u32 instruction, vg_u32 half)
{
    at = vg_emit(at, instruction | (half >> 11 & 1) << 10 | half >> 12);
    return vg_emit(at, VG_TO_R1 | (half >> 8 & 7) << 12 | (half & 0xff));
}

#if defined(VG_HOST_SYNCHRONISE)
void vg_host_synchronise(const unsigned char *code, vg_u32 bytes);
static int vg_fetches_what_was_written(void) { return 1; }
#else
static int vg_fetches_what_was_written(void)
{
    return vg_privileged() && (vg_system_register(VG_CCR) & VG_CACHES_ENABLED) == 0;
}
#endif

vg_u32 vg_fresh_encode(vg_u32 adds, vg_u32 constant, unsigned char *code, vg_u32 room)
{
    unsigned char *at = code;
    vg_u32 i;
    if (adds > VG_MAX_FRESH_ADDS || adds * VG_ADD_BYTES + VG_REST_BYTES > room ||
        !vg_fetches_what_was_written()) {
        return 0;
    }
    at = vg_emit_half(at, VG_MOVW, constant & 0xffff);
    at = vg_emit_half(at, VG_MOVT, constant >> 16);
    for (i = 0; i < adds; i++) {
        at = vg_emit(at, VG_ADD_R1_R0);
    }
    at = vg_emit(at, VG_BX_LR);
    if ((at - code) % 4 != 0) {
        at = vg_emit(at, VG_NOP);
    }
    return (vg_u32)(at - code);
}

void vg_fresh_synchronise(const unsigned char *code, vg_u32 bytes)
{
#if defined(VG_HOST_SYNCHRONISE)
    vg_host_synchronise(code, bytes);
#else
    (void)code, (void)bytes;
#endif
    __asm__ __volatile__("dsb\n\tisb" : : : "memory");
}

/* Bit 0 of the address of code: the processor is to stay in Thumb state. */
#define VG_CODE_STATE 1
#include "../common/call.c"
