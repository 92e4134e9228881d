/* Looks once whether the counter counts: two runs of the same loop cost the same answer, so that it
 * does not matter how often or in how many threads this is done. */
void vg_start(void)
{
    vg_counter_counts = vg_look_for_counter();
}
