/* Straight-line bodies: a statement so many times over. */
#ifndef VERDIGRIS_BODY_H
#define VERDIGRIS_BODY_H

#define VG_2(s) s s
#define VG_3(s) s s s
#define VG_4(s) VG_2(VG_2(s))
#define VG_6(s) VG_2(VG_3(s))
#define VG_8(s) VG_2(VG_4(s))
#define VG_12(s) VG_2(VG_6(s))
#define VG_16(s) VG_2(VG_8(s))
#define VG_24(s) VG_2(VG_12(s))
#define VG_32(s) VG_2(VG_16(s))
#define VG_48(s) VG_2(VG_24(s))
#define VG_96(s) VG_2(VG_48(s))

/* The loop round a body; nothing else is in it. */
#define VG_LOOP(n, body) \
    do { \
        body \
    } while (--(n))

/* Runs "single" or "twice", the same body twice as long. */
#define VG_BODY(body, n, single, twice) \
    if ((body) == VG_SINGLE) { \
        VG_LOOP(n, single); \
    } else { \
        VG_LOOP(n, twice); \
    }

#endif
