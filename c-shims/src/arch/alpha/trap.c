/*
 * EXCB waits for all earlier instructions and is never intercepted; the PALcode call that names the
 * processor (WHAMI) is the system's alone.
 */
int vg_trap(int kind)
{
    if (kind != VG_TRAP_SERIALISE) {
        return 0;
    }
    __asm__ __volatile__("excb");
    return 1;
}
