/*
 * The cycle counter: the low 32 bits of RPCC. The high half is an offset that the system adds up
 * for each process.
 *
 * References: Alpha Architecture Handbook, "RPCC" and "EXCB": the exception barrier waits for all
 * earlier instructions to have raised what they will.
 */
int vg_counter_bits(void) { return 32; }

void vg_counter(vg_u32 *now)
{
    unsigned long cycles;
    __asm__ __volatile__("excb\n\trpcc %0" : "=r"(cycles) : : "memory");
    now[0] = (vg_u32)cycles;
    now[1] = 0;
}
