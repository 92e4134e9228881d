/*
 * BRANCH ON CONDITION with mask 15 and register 0 serialises and is never intercepted. STIDP,
 * which names the processor, is privileged.
 */
int vg_trap(int kind)
{
    if (kind != VG_TRAP_SERIALISE) {
        return 0;
    }
    __asm__ __volatile__("bcr 15,0" : : : "memory");
    return 1;
}
