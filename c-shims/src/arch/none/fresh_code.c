/* No machine code is known. */
vg_u32 vg_fresh_encode(vg_u32 adds, vg_u32 constant, unsigned char *code, vg_u32 room)
{
    (void)adds, (void)constant, (void)code, (void)room;
    return 0;
}

void vg_fresh_synchronise(const unsigned char *code, vg_u32 bytes) { (void)code, (void)bytes; }

vg_u32 vg_fresh_call(const unsigned char *code, vg_u32 x)
{
    (void)code;
    return x;
}
