/* SYNC waits for all earlier memory accesses; nothing that names the processor runs in user mode. */
int vg_trap(int kind)
{
    if (kind != VG_TRAP_SERIALISE) {
        return 0;
    }
    __asm__ __volatile__("sync" : : : "memory");
    return 1;
}
