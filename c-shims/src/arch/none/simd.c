/* No vector unit. */
int vg_vector_unit(void) { return 0; }

int vg_vector(int op, int shape, int body, vg_u32 n, vg_u32 *v, const vg_u32 *a,
              const unsigned char *control)
{
    (void)op, (void)shape, (void)body, (void)n, (void)v, (void)a, (void)control;
    return 0;
}
