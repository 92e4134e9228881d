/*
 * Writing and running code.
 *
 * References:
 * - M68000 Family Programmer's Reference Manual: encodings of MOVE, ADDI, RTS, NOP.
 * - System V ABI, Motorola 68000 supplement, and every GNU compiler for it: arguments on the stack,
 *   result in d0.
 * - MC68040 User's Manual, section 4 (instruction cache not coherent, data cache may be copy-back);
 *   the 68020's and 68030's instruction caches are not coherent either.
 * - Linux, cacheflush(2) on m68k: call 123; d1 address, d2 scope, d3 caches, d4 length.
 *
 * On other systems the caches belong to the system: compiled with VG_HOST_SYNCHRONISE, the host
 * brings "void vg_host_synchronise(const unsigned char *code, vg_u32 bytes)" (AmigaOS: CacheClearE;
 * Mac OS: the trap HWPriv or FlushCodeCacheRange). Without an operating system (VG_PRIVILEGED) the instructions
 * are the program's own: CPUSHA from the 68040 on; on 68020 and 68030 CACR's bit CI, which clears the
 * instruction cache (MC68030 User's Manual, section 6.3; their data caches write through); a 68000 has none.
 */
#define VG_CODE_UNIT 2
#include "../common/emit.c"
#include "../common/call.c"

/* move.l 4(sp),d0 */
#define VG_MOVE_ARGUMENT 0x202f
#define VG_ARGUMENT_OFFSET 4
/* addi.l #imm,d0 */
#define VG_ADDI_D0 0x0680
#define VG_RTS 0x4e75
#define VG_NOP 0x4e71
/* Bytes of an addition, and of the rest with its padding. */
#define VG_ADD_BYTES 6
#define VG_REST_BYTES 8

vg_u32 vg_fresh_encode(vg_u32 adds, vg_u32 constant, unsigned char *code, vg_u32 room)
{
    unsigned char *at = code;
    vg_u32 i;
    if (adds > VG_MAX_FRESH_ADDS || adds * VG_ADD_BYTES + VG_REST_BYTES > room) {
        return 0;
    }
    at = vg_emit(at, VG_MOVE_ARGUMENT);
    at = vg_emit(at, VG_ARGUMENT_OFFSET);
    for (i = 0; i < adds; i++) {
        at = vg_emit(at, VG_ADDI_D0);
        at = vg_emit(at, constant >> 16);
        at = vg_emit(at, constant);
    }
    at = vg_emit(at, VG_RTS);
    if ((at - code) % 4 != 0) {
        at = vg_emit(at, VG_NOP);
    }
    return (vg_u32)(at - code);
}

#if defined(VG_HOST_SYNCHRONISE)
void vg_host_synchronise(const unsigned char *code, vg_u32 bytes);
#endif

/* <asm/cachectl.h> */
#define VG_SYS_CACHEFLUSH 123
#define VG_FLUSH_SCOPE_LINE 1
#define VG_FLUSH_CACHE_BOTH 3

void vg_fresh_synchronise(const unsigned char *code, vg_u32 bytes)
{
#if defined(VG_HOST_SYNCHRONISE)
    vg_host_synchronise(code, bytes);
#elif defined(__linux__)
    register unsigned long call __asm__("d0") = VG_SYS_CACHEFLUSH;
    register const unsigned char *from __asm__("d1") = code;
    register unsigned long scope __asm__("d2") = VG_FLUSH_SCOPE_LINE;
    register unsigned long caches __asm__("d3") = VG_FLUSH_CACHE_BOTH;
    register unsigned long length __asm__("d4") = bytes;
    __asm__ __volatile__("trap #0"
                         : "+d"(call)
                         : "d"(from), "d"(scope), "d"(caches), "d"(length)
                         : "memory");
#elif defined(VG_PRIVILEGED) && (defined(__mc68040__) || defined(__mc68060__))
    (void)code, (void)bytes;
    __asm__ __volatile__("nop\n\tcpusha %%bc" : : : "memory");
#elif defined(VG_PRIVILEGED) && VG_M68020
    unsigned long control;
    (void)code, (void)bytes;
    __asm__ __volatile__("movec %%cacr,%0\n\tori%.l #8,%0\n\tmovec %0,%%cacr" : "=d"(control) : : "memory");
#else
    (void)code, (void)bytes;
#endif
}
