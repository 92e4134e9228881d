/*
 * Square root and rounding mode.
 *
 * References: The SPARC Architecture Manual, Version 9, A.17 ("FSQRTd"), 5.1.7.1 ("FSR.RD": bits 31
 * and 30; 1 is toward zero), A.25 ("LDFSR"). Where a unit lacks FSQRTd (some of version 8), the
 * kernel emulates it.
 */
#ifdef _SOFT_FLOAT
#include "../none/float.c"
#else

#define VG_SQRT(x) __asm__("fsqrtd %1, %0" : "=e"(x) : "e"(x));
#include "../common/sqrt.c"

#define VG_FSR_ROUNDING 0xc0000000u
#define VG_FSR_TOWARD_ZERO 0x40000000u

#define VG_SWITCH \
    __asm__ __volatile__("ld %0, %%fsr\n\tld %1, %%fsr" : : "m"(toward_zero), "m"(kept));

int vg_fp_rounding(int body, vg_u32 n)
{
    vg_u32 kept = vg_fsr();
    vg_u32 toward_zero = (kept & ~VG_FSR_ROUNDING) | VG_FSR_TOWARD_ZERO;
    VG_BODY(body, n, VG_48(VG_SWITCH), VG_96(VG_SWITCH))
    return 1;
}

#endif
