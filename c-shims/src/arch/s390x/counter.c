/*
 * The time-of-day clock: bit 51 is a microsecond, all processors of a system share it.
 *
 * References: z/Architecture Principles of Operation, "TOD clock", "STORE CLOCK FAST" (facility 25; it may repeat
 * a value; STORE CLOCK, everywhere, waits until the value is new); "BRANCH ON CONDITION" with mask
 * 15 and register 0 serialises.
 */
#define VG_FACILITY_STCKF 25

int vg_counter_bits(void) { return 64; }

void vg_counter(vg_u32 *now)
{
    /* 1: STCKF, 2: STCK. Every thread would write the same. */
    static int which;
    unsigned long clock;
    if (which == 0) {
        which = vg_has_facility(VG_FACILITY_STCKF) ? 1 : 2;
    }
    if (which == 1) {
        __asm__ __volatile__("bcr 15,0\n\t.insn s,0xb27c0000,0(%0)" : : "a"(&clock) : "cc", "memory");
    } else {
        __asm__ __volatile__("bcr 15,0\n\tstck 0(%0)" : : "a"(&clock) : "cc", "memory");
    }
    now[0] = (vg_u32)clock;
    now[1] = (vg_u32)(clock >> 32);
}
