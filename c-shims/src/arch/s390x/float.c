/*
 * Square root and rounding mode.
 *
 * References: z/Architecture Principles of Operation, "SQUARE ROOT (BFP)", "SET BFP ROUNDING MODE"
 * (0 nearest, 1 toward zero).
 */
#if defined(_SOFT_FLOAT)
#include "../none/float.c"
#else
#define VG_SQRT(x) __asm__ __volatile__("sqdbr %0,%0" : "+f"(x));
#include "../common/sqrt.c"

#define VG_SWITCH __asm__ __volatile__("srnm 1\n\tsrnm 0");

int vg_fp_rounding(int body, vg_u32 n)
{
    VG_BODY(body, n, VG_48(VG_SWITCH), VG_96(VG_SWITCH))
    return 1;
}
#endif
