/*
 * Square root and rounding mode.
 *
 * References: SH-4 Software Manual, "FSQRT", "FPSCR": bits 1 and 0 are the rounding mode (00
 * nearest, 01 to zero).
 */
#if defined(__SH_FPU_DOUBLE__)
#define VG_SQRT(x) __asm__ __volatile__("fsqrt %0" : "+f"(x));
#include "../common/sqrt.c"

#define VG_MODE_BITS 3ul
#define VG_MODE_TO_ZERO 1ul

#define VG_SWITCH __asm__ __volatile__("lds %0,fpscr\n\tlds %1,fpscr" : : "r"(zero), "r"(kept));

int vg_fp_rounding(int body, vg_u32 n)
{
    vg_u32 kept = vg_fpscr();
    vg_u32 zero = (kept & ~VG_MODE_BITS) | VG_MODE_TO_ZERO;
    VG_BODY(body, n, VG_48(VG_SWITCH), VG_96(VG_SWITCH))
    return 1;
}
#else
#include "../none/float.c"
#endif
