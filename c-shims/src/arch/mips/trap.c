/*
 * SYNC orders memory and is never intercepted. What identifies the processor (PRId) is privileged,
 * and the hardware registers that a program may read are either read directly or emulated by the
 * kernel of a real machine as well: no instruction tells a hypervisor.
 *
 * References: MIPS32 Architecture volume II, "SYNC" (MIPS II and later), "RDHWR".
 */
int vg_trap(int kind)
{
#if __mips >= 2
    if (kind == VG_TRAP_SERIALISE) {
        __asm__ __volatile__("sync" : : : "memory");
        return 1;
    }
#endif
    (void)kind;
    return 0;
}
