/*
 * NOP waits for all earlier bus cycles (M68000 Family Programmer's Reference Manual, NOP: it
 * "synchronizes the pipeline"). Nothing that identifies the processor may be executed in user mode.
 */
int vg_trap(int kind)
{
    if (kind != VG_TRAP_SERIALISE) {
        return 0;
    }
    __asm__ __volatile__("nop");
    return 1;
}
