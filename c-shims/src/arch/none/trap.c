/* No instruction that a hypervisor would intercept. */
int vg_trap(int kind)
{
    (void)kind;
    return 0;
}
