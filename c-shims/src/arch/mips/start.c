/* Looks once whether the counter counts. Every look finds the same, so that it does not matter how
 * often or in how many threads this is called. */
void vg_start(void)
{
    vg_counter_counts = vg_look_for_counter();
}
