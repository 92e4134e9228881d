/* Loads that wait for loads, and loads that wait for stores. */
#include "verdigris_shims.h"
#include "body.h"

#define VG_STEP(at) at = at->next;

#define VG_STEPS \
    VG_STEP(at0) \
    VG_STEP(at1) \
    VG_STEP(at2) \
    VG_STEP(at3)

void vg_load(int shape, int body, vg_u32 n, const unsigned char *next, vg_u32 *ends)
{
    struct vg_link ring[VG_LOAD_RING];
    struct vg_link *at0 = &ring[0], *at1 = &ring[1], *at2 = &ring[2], *at3 = &ring[3];
    int slot;
    for (slot = 0; slot < VG_LOAD_RING; slot++) {
        ring[slot].next = &ring[next[slot]];
    }
    if (shape == VG_DEPENDENT) {
        VG_BODY(body, n, VG_48(VG_STEP(at0)), VG_96(VG_STEP(at0)))
    } else {
        VG_BODY(body, n, VG_12(VG_STEPS), VG_24(VG_STEPS))
    }
    ends[0] = (vg_u32)(at0 - ring);
    ends[1] = (vg_u32)(at1 - ring);
    ends[2] = (vg_u32)(at2 - ring);
    ends[3] = (vg_u32)(at3 - ring);
}

#define VG_ADD_TO_MEMORY *m += c;

void vg_store_load(int body, vg_u32 n, volatile vg_u32 *m, vg_u32 c)
{
    VG_BODY(body, n, VG_48(VG_ADD_TO_MEMORY), VG_96(VG_ADD_TO_MEMORY))
}

struct vg_link *vg_chase(struct vg_link *at, vg_u32 steps)
{
    vg_u32 turns = steps / 16;
    vg_u32 rest = steps % 16;
    if (turns != 0) {
        /* Sixteen loads a turn: the loop hides under their latency. */
        VG_LOOP(turns, VG_16(VG_STEP(at)));
    }
    while (rest-- != 0) {
        VG_STEP(at)
    }
    return at;
}
