/* No modes to set. */
void vg_start(void) {}
