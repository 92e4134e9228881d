/*
 * Square root and rounding mode.
 *
 * References: PA-RISC 1.1 Architecture and Instruction Set Reference Manual, "FSQRT",
 * "Floating-point status register": bits 21 and 22 are the rounding mode (01: toward zero).
 */
#define VG_SQRT(x) __asm__ __volatile__("fsqrt,dbl %0,%0" : "+f"(x));
#include "../common/sqrt.c"

#define VG_MODE_BITS 0x600ul
#define VG_MODE_TO_ZERO 0x200ul

#define VG_SWITCH \
    __asm__ __volatile__("fldd 0(%0),%%fr0\n\tfldd 0(%1),%%fr0" : : "r"(&zero), "r"(&kept), "m"(zero), "m"(kept));

int vg_fp_rounding(int body, vg_u32 n)
{
    union {
        double align;
        vg_u32 word[2];
    } kept, zero;
    __asm__ __volatile__("fstd %%fr0,0(%1)" : "=m"(kept) : "r"(&kept));
    zero = kept;
    zero.word[0] = (kept.word[0] & ~VG_MODE_BITS) | VG_MODE_TO_ZERO;
    VG_BODY(body, n, VG_48(VG_SWITCH), VG_96(VG_SWITCH))
    return 1;
}
