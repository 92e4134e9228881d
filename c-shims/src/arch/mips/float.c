/*
 * Square root and rounding mode.
 *
 * References: MIPS32 Architecture volume II, "SQRT.fmt" (MIPS II and later), "CTC1"; volume I,
 * "FCSR": bits 1 and 0 are the rounding mode, 1 toward zero.
 */
#if !defined(__mips_hard_float) || __mips < 2
#define VG_NO_SQRT
#endif

#ifdef VG_NO_SQRT
int vg_fp_sqrt(int shape, int body, vg_u32 n, double *x, const double *c)
{
    (void)shape, (void)body, (void)n, (void)x, (void)c;
    return 0;
}
#else
#define VG_SQRT(x) __asm__("sqrt.d %0, %1" : "=f"(x) : "f"(x));
#include "../common/sqrt.c"
#endif

#define VG_FCSR_ROUNDING 3u
#define VG_FCSR_TOWARD_ZERO 1u

#define VG_SWITCH __asm__ __volatile__("ctc1 %0, $31\n\tctc1 %1, $31" : : "r"(toward_zero), "r"(kept));

int vg_fp_rounding(int body, vg_u32 n)
{
#ifdef __mips_hard_float
    vg_u32 kept, toward_zero;
    __asm__ __volatile__("cfc1 %0, $31" : "=r"(kept));
    toward_zero = (kept & ~VG_FCSR_ROUNDING) | VG_FCSR_TOWARD_ZERO;
    VG_BODY(body, n, VG_48(VG_SWITCH), VG_96(VG_SWITCH))
    return 1;
#else
    (void)body, (void)n;
    return 0;
#endif
}
