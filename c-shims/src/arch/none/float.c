/* Neither square root nor rounding modes without a library. */
int vg_fp_sqrt(int shape, int body, vg_u32 n, double *x, const double *c)
{
    (void)shape, (void)body, (void)n, (void)x, (void)c;
    return 0;
}

int vg_fp_rounding(int body, vg_u32 n)
{
    (void)body, (void)n;
    return 0;
}
