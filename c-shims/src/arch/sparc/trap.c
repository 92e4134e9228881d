/*
 * Nothing that identifies the processor may be executed by a program; MEMBAR #Sync (version 9) and
 * STBAR (version 8) order everything before them and are never intercepted.
 *
 * References: The SPARC Architecture Manual, Version 9, A.31; Version 8, B.31.
 */
int vg_trap(int kind)
{
    if (kind != VG_TRAP_SERIALISE) {
        return 0;
    }
#ifdef __sparc_v9__
    __asm__ __volatile__("membar #Sync" : : : "memory");
#else
    __asm__ __volatile__("stbar" : : : "memory");
#endif
    return 1;
}
