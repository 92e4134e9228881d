/*
 * The System Control Space, which only privileged code may read; anything else is a fault.
 *
 * References: ARMv7-M Architecture Reference Manual (DDI 0403) B1.4.2 to B1.4.4 (IPSR, and CONTROL, whose
 * bit 0 deprives threads, and which may itself be read by all), B3.2 (CPUID, CCR).
 */
#define VG_CPUID 0xe000ed00ul
#define VG_CCR 0xe000ed14ul

/* Whether the System Control Space may be read: in every handler, and in threads unless deprived. */
static int vg_privileged(void)
{
    vg_u32 exception, control;
    __asm__ __volatile__("mrs %0, ipsr" : "=r"(exception));
    __asm__ __volatile__("mrs %0, control" : "=r"(control));
    return exception != 0 || (control & 1) == 0;
}

/* A register of the System Control Space. */
static vg_u32 vg_system_register(unsigned long address)
{
    return *(const volatile vg_u32 *)address;
}
