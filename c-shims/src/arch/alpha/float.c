/*
 * Rounding mode; the square root where the processor is known to have one at compile time (FIX:
 * 21264 and later).
 *
 * References: Alpha Architecture Handbook, "Floating-Point Control Register": bits 59 and 58 are the
 * dynamic rounding mode (00 chopped, 10 nearest); reads and writes stand between exception barriers.
 */
#define VG_FPCR_MODE (3ul << 58)

#define VG_SET_FPCR(value) __asm__ __volatile__("excb\n\tmt_fpcr %0\n\texcb" : : "f"(value));
#define VG_SWITCH \
    VG_SET_FPCR(chopped) \
    VG_SET_FPCR(kept)

int vg_fp_rounding(int body, vg_u32 n)
{
    union {
        unsigned long bits;
        double number;
    } mode;
    double kept, chopped;
    __asm__ __volatile__("excb\n\tmf_fpcr %0\n\texcb" : "=f"(kept));
    mode.number = kept;
    mode.bits &= ~VG_FPCR_MODE;
    chopped = mode.number;
    VG_BODY(body, n, VG_48(VG_SWITCH), VG_96(VG_SWITCH))
    return 1;
}

#if defined(__alpha_fix__) && defined(_IEEE_FP)
static double vg_sqrt(double x)
{
    double root;
    __asm__ __volatile__("sqrtt/su %1,%0\n\ttrapb" : "=&f"(root) : "f"(x));
    return root;
}
#define VG_SQRT(x) x = vg_sqrt(x);
#include "../common/sqrt.c"
#else
int vg_fp_sqrt(int shape, int body, vg_u32 n, double *x, const double *c)
{
    (void)shape, (void)body, (void)n, (void)x, (void)c;
    return 0;
}
#endif
