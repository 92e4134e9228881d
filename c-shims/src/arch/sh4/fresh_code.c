/*
 * Writing and running code.
 *
 * References:
 * - SH-4 Software Manual: encodings of MOV, ADD, SHLL8, RTS, NOP; caches are not coherent, and only
 *   the system may flush the one for instructions.
 * - Renesas calling convention: first argument in r4, result in r0, return address in PR.
 * - Linux, cacheflush(2) on SH: call 123; r4 address, r5 length, r6 what to do.
 *
 * The constant is put together from bytes in the code itself; a literal would be a load, which the data
 * cache would serve, new at once.
 *
 * On other systems the caches belong to the system: compiled with VG_HOST_SYNCHRONISE, the host
 * brings "void vg_host_synchronise(const unsigned char *code, vg_u32 bytes)".
 */
#define VG_CODE_UNIT 2
#if defined(__LITTLE_ENDIAN__)
#define VG_CODE_LITTLE 1
#endif
#include "../common/emit.c"
#include "../common/call.c"

/* mov #byte,r1; shll8 r1; add #byte,r1; both bytes are signed */
#define VG_MOV_R1 0xe100
#define VG_SHLL8_R1 0x4118
#define VG_ADD_BYTE_R1 0x7100
/* mov r4,r0; add r1,r0; rts, with the instruction after it still executed; nop */
#define VG_MOV_ARGUMENT 0x6043
#define VG_ADD_R1_R0 0x301c
#define VG_RTS 0x000b
#define VG_NOP 0x0009
/* Bytes of an addition; of the rest with its padding. */
#define VG_ADD_BYTES 2
#define VG_REST_BYTES 24

vg_u32 vg_fresh_encode(vg_u32 adds, vg_u32 constant, unsigned char *code, vg_u32 room)
{
    unsigned char *at = code;
    vg_u32 i, byte[4];
    if (adds > VG_MAX_FRESH_ADDS || adds * VG_ADD_BYTES + VG_REST_BYTES > room) {
        return 0;
    }
    for (i = 0; i < 4; i++) {
        byte[i] = constant & 0xff;
        /* What a negative byte takes away, the next one adds. */
        constant = (constant >> 8) + (byte[i] >> 7);
    }
    at = vg_emit(at, VG_MOV_R1 | byte[3]);
    for (i = 3; i-- != 0;) {
        at = vg_emit(at, VG_SHLL8_R1);
        at = vg_emit(at, VG_ADD_BYTE_R1 | byte[i]);
    }
    at = vg_emit(at, VG_MOV_ARGUMENT);
    for (i = 0; i < adds; i++) {
        at = vg_emit(at, VG_ADD_R1_R0);
    }
    at = vg_emit(at, VG_RTS);
    at = vg_emit(at, VG_NOP);
    if ((at - code) % 4 != 0) {
        at = vg_emit(at, VG_NOP);
    }
    return (vg_u32)(at - code);
}

#if defined(VG_HOST_SYNCHRONISE)
void vg_host_synchronise(const unsigned char *code, vg_u32 bytes);
#endif

/* <asm/cachectl.h>: write data back, drop instructions. */
#define VG_SYS_CACHEFLUSH 123
#define VG_CACHEFLUSH_D_WB 2
#define VG_CACHEFLUSH_I 4

void vg_fresh_synchronise(const unsigned char *code, vg_u32 bytes)
{
#if defined(VG_HOST_SYNCHRONISE)
    vg_host_synchronise(code, bytes);
#elif defined(__linux__)
    register vg_u32 call __asm__("r3") = VG_SYS_CACHEFLUSH;
    register const unsigned char *from __asm__("r4") = code;
    register vg_u32 length __asm__("r5") = bytes;
    register vg_u32 what __asm__("r6") = VG_CACHEFLUSH_D_WB | VG_CACHEFLUSH_I;
    register vg_u32 result __asm__("r0");
    __asm__ __volatile__("trapa #0x13"
                         : "=r"(result)
                         : "r"(call), "r"(from), "r"(length), "r"(what)
                         : "memory");
    (void)result;
#else
    (void)code, (void)bytes;
#endif
}
