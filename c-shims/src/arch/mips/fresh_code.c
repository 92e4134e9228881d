/*
 * Writing and running code.
 *
 * References: MIPS32 Architecture volume II, "LUI", "ORI", "ADDU", "JR" (from release 6 on JALR with
 * register 0), "SYNCI" (from release 2 on a program may synchronise caches itself, one line at a time, and
 * then needs SYNC and a jump that clears instruction hazards); before it the kernel must
 * (Linux, cacheflush(2)). All calling conventions: argument in $4, result in $2, $8 is free; 64-bit
 * code keeps 32-bit numbers sign-extended, as ADDU leaves them.
 */
#define VG_LUI_T0 0x3c080000u
#define VG_ORI_T0_T0 0x35080000u
#define VG_ADDU_V0_A0_T0 0x00881021u
#define VG_ADDU_V0_V0_T0 0x00481021u
#define VG_NOP 0u
#if VG_RELEASE >= 6
#define VG_JR_RA 0x03e00009u
#else
#define VG_JR_RA 0x03e00008u
#endif

vg_u32 vg_fresh_encode(vg_u32 adds, vg_u32 constant, unsigned char *code, vg_u32 room)
{
    unsigned char *at = code;
    vg_u32 i;
    if (adds == 0 || adds > VG_MAX_FRESH_ADDS || room < 4 * (adds + 4)) {
        return 0;
    }
    at = vg_emit(at, VG_LUI_T0 | constant >> 16);
    at = vg_emit(at, VG_ORI_T0_T0 | (constant & 0xffffu));
    at = vg_emit(at, VG_ADDU_V0_A0_T0);
    for (i = 1; i < adds; i++) {
        at = vg_emit(at, VG_ADDU_V0_V0_T0);
    }
    at = vg_emit(at, VG_JR_RA);
    at = vg_emit(at, VG_NOP);
    return (vg_u32)(at - code);
}

#if VG_HAS_RDHWR

/* Adds to an address. */
#if _MIPS_SZPTR == 64
#define VG_ADD_ADDRESS "daddiu"
#else
#define VG_ADD_ADDRESS "addiu"
#endif

/* Both halves: writes the lines back and drops them from the instruction cache; then forgets what the
 * pipeline has fetched of them. The step is 0 where the caches are coherent. */
void vg_fresh_synchronise(const unsigned char *code, vg_u32 bytes)
{
    vg_u32 step, i;
    VG_RDHWR(step, VG_SYNCI_STEP);
    if (step != 0) {
        for (i = 0; i < bytes + step; i += step) {
            const unsigned char *at = code + (i < bytes ? i : bytes - 1);
            __asm__ __volatile__("synci 0(%0)" : : "r"(at) : "memory");
        }
    }
    __asm__ __volatile__(
        ".set push\n\t.set noreorder\n\t"
        "sync\n\tbal 1f\n\tnop\n"
        "1:\t" VG_ADD_ADDRESS " $31, $31, 12\n\tjr.hb $31\n\tnop\n\t.set pop"
        :
        :
        : "$31", "memory");
}

#elif defined(__linux__)

/* Numbers of cacheflush in the three conventions; both caches. */
#if defined(_ABIO32) && _MIPS_SIM == _ABIO32
#define VG_CACHEFLUSH 4147
#elif defined(_ABI64) && _MIPS_SIM == _ABI64
#define VG_CACHEFLUSH 5197
#else
#define VG_CACHEFLUSH 6197
#endif
#define VG_BOTH_CACHES 3

void vg_fresh_synchronise(const unsigned char *code, vg_u32 bytes)
{
    register unsigned long number __asm__("$2") = VG_CACHEFLUSH;
    register const unsigned char *first __asm__("$4") = code;
    register unsigned long length __asm__("$5") = bytes;
    register unsigned long caches __asm__("$6") = VG_BOTH_CACHES;
    register unsigned long failed __asm__("$7");
    /* It fails only for addresses that are not this program's. */
    __asm__ __volatile__("syscall"
                         : "+r"(number), "=r"(failed)
                         : "r"(first), "r"(length), "r"(caches)
                         : "memory", "$1", "$3", "$8", "$9", "$10", "$11", "$12", "$13", "$14",
                           "$15", "$24", "$25"
#if VG_RELEASE < 6
                           , "hi", "lo"
#endif
    );
    (void)failed;
}

#else

/* What the compiler's library has. */
void vg_fresh_synchronise(const unsigned char *code, vg_u32 bytes)
{
    __builtin___clear_cache((char *)code, (char *)code + bytes);
}

#endif

#include "../common/call.c"
