/*
 * The interval timer, control register 16: counts the processor's clock.
 *
 * References: PA-RISC 1.1 Architecture and Instruction Set Reference Manual, "Interval timer": a
 * program may read it unless the system sets PSW S, which Linux and HP-UX do not. Instructions
 * take effect in order.
 */
int vg_counter_bits(void) { return 32; }

void vg_counter(vg_u32 *now)
{
    vg_u32 clock;
    __asm__ __volatile__("mfctl %%cr16,%0" : "=r"(clock) : : "memory");
    now[0] = clock;
    now[1] = 0;
}
