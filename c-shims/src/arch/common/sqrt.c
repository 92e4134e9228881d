/*
 * The chain of square roots. The folder's float.c defines VG_SQRT(x), a statement that puts the
 * square root of the double x into x by the processor's own instruction.
 */
#define VG_SQRT_ADD(x) \
    VG_SQRT(x) \
    x += c;

#define VG_SQRTS_ADD \
    VG_SQRT_ADD(x0) \
    VG_SQRT_ADD(x1) \
    VG_SQRT_ADD(x2) \
    VG_SQRT_ADD(x3) \
    VG_SQRT_ADD(x4) \
    VG_SQRT_ADD(x5) \
    VG_SQRT_ADD(x6) \
    VG_SQRT_ADD(x7)

int vg_fp_sqrt(int shape, int body, vg_u32 n, double *x, const double *constant)
{
    const double c = *constant;
    double x0 = x[0], x1 = x[1], x2 = x[2], x3 = x[3];
    double x4 = x[4], x5 = x[5], x6 = x[6], x7 = x[7];
    if (shape == VG_DEPENDENT) {
        VG_BODY(body, n, VG_48(VG_SQRT_ADD(x0)), VG_96(VG_SQRT_ADD(x0)))
    } else {
        VG_BODY(body, n, VG_6(VG_SQRTS_ADD), VG_12(VG_SQRTS_ADD))
    }
    x[0] = x0, x[1] = x1, x[2] = x2, x[3] = x3;
    x[4] = x4, x[5] = x5, x[6] = x6, x[7] = x7;
    return 1;
}
