/*
 * Square root and rounding modes of the 6888x and of the FPUs of 68040 and 68060, which both have in
 * hardware.
 *
 * References: MC68881/MC68882 User's Manual, FSQRT and FMOVE (system control registers).
 */
#if VG_M68881
#define VG_SQRT(x) __asm__ __volatile__("fsqrt%.x %0,%0" : "+f"(x));
#include "../common/sqrt.c"

#define VG_SWITCH __asm__ __volatile__("fmove%.l %0,%!\n\tfmove%.l %1,%!" : : "d"(zero), "d"(kept));

int vg_fp_rounding(int body, vg_u32 n)
{
    unsigned long kept = vg_fpcr(VG_FPCR_DOUBLE);
    unsigned long zero = kept | VG_FPCR_TO_ZERO;
    VG_BODY(body, n, VG_48(VG_SWITCH), VG_96(VG_SWITCH))
    (void)vg_fpcr(kept);
    return 1;
}
#else
#include "../none/float.c"
#endif
