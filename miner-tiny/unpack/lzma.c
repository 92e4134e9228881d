/*
 * Decodes LZMA, as xz writes it with --format=lzma, into memory that holds the whole output: the output
 * is its own dictionary. The format: Igor Pavlov, "LZMA specification (draft version)", 2015.
 *
 * Written for size. Bad input ends the decoding with 0; nothing is read or written outside the two
 * buffers.
 */
#include "lzma.h"

/* Bytes that start the range decoder, behind the first, which is 0. */
#define CODE_BYTES 4

#define PROBABILITY_BITS 11
#define MOVE_BITS 5
#define TOP ((vu_word)1 << 24)

#define STATES 12
#define POSITION_STATES_MAX 16
#define LENGTH_STATES 4
#define MATCH_MIN 2
#define END_POSITION_MODEL 14
#define FULL_DISTANCES (1 << (END_POSITION_MODEL / 2))
#define ALIGN_BITS 4

/* One length coder: choice, choice2, low, mid, high. */
#define LENGTH_LOW 2
#define LENGTH_MID (LENGTH_LOW + POSITION_STATES_MAX * 8)
#define LENGTH_HIGH (LENGTH_MID + POSITION_STATES_MAX * 8)
#define LENGTH_ALL (LENGTH_HIGH + 256)

/* Where each kind of probability stands. */
#define IS_MATCH 0
#define IS_REP (IS_MATCH + STATES * POSITION_STATES_MAX)
#define IS_REP_G0 (IS_REP + STATES)
#define IS_REP_G1 (IS_REP_G0 + STATES)
#define IS_REP_G2 (IS_REP_G1 + STATES)
#define IS_REP0_LONG (IS_REP_G2 + STATES)
#define SLOT (IS_REP0_LONG + STATES * POSITION_STATES_MAX)
#define SPECIAL (SLOT + LENGTH_STATES * 64)
#define ALIGN (SPECIAL + FULL_DISTANCES)
#define MATCH_LENGTH (ALIGN + (1 << ALIGN_BITS))
#define REP_LENGTH (MATCH_LENGTH + LENGTH_ALL)
#define LITERAL (REP_LENGTH + LENGTH_ALL)

typedef char enough_room[LITERAL + (0x300 << (VU_LC + VU_LP)) == VU_PROBABILITIES ? 1 : -1];

struct decoder {
    const unsigned char *from, *end;
    vu_word range, code;
    unsigned short *probabilities;
};

static void normalize(struct decoder *d)
{
    if (d->range < TOP) {
        d->range <<= 8;
        /* Past the end there are zeros; the caller sees that all was used. */
        d->code = d->code << 8 | (d->from < d->end ? *d->from : 0);
        ++d->from;
    }
}

static unsigned bit(struct decoder *d, unsigned place)
{
    unsigned short *p = d->probabilities + place;
    vu_word bound;
    normalize(d);
    bound = (d->range >> PROBABILITY_BITS) * *p;
    if (d->code < bound) {
        d->range = bound;
        *p += (unsigned short)(((1 << PROBABILITY_BITS) - *p) >> MOVE_BITS);
        return 0;
    }
    d->range -= bound;
    d->code -= bound;
    *p -= (unsigned short)(*p >> MOVE_BITS);
    return 1;
}

/* So many bits by a tree of probabilities, the highest first. */
static unsigned tree(struct decoder *d, unsigned place, unsigned bits)
{
    unsigned symbol = 1, left = bits;
    while (left-- != 0) {
        symbol = symbol << 1 | bit(d, place + symbol);
    }
    return symbol - (1u << bits);
}

/* The same, the lowest first. */
static vu_word reverse_tree(struct decoder *d, unsigned place, unsigned bits)
{
    unsigned symbol = 1, i;
    vu_word value = 0;
    for (i = 0; i < bits; ++i) {
        unsigned b = bit(d, place + symbol);
        symbol = symbol << 1 | b;
        value |= (vu_word)b << i;
    }
    return value;
}

static vu_word direct(struct decoder *d, unsigned bits)
{
    vu_word value = 0;
    while (bits-- != 0) {
        normalize(d);
        d->range >>= 1;
        value <<= 1;
        if (d->code >= d->range) {
            d->code -= d->range;
            value |= 1;
        }
    }
    return value;
}

static unsigned length(struct decoder *d, unsigned place, unsigned position_state)
{
    unsigned least = 0, bits = 3;
    if (bit(d, place) == 0) {
        place += LENGTH_LOW + position_state * 8;
    } else if (bit(d, place + 1) == 0) {
        place += LENGTH_MID + position_state * 8;
        least = 8;
    } else {
        place += LENGTH_HIGH;
        bits = 8;
        least = 16;
    }
    return least + tree(d, place, bits);
}

/* How far back a match begins, less one. */
static vu_word distance(struct decoder *d, unsigned match_length)
{
    unsigned state = match_length < LENGTH_STATES ? match_length : LENGTH_STATES - 1;
    unsigned slot = tree(d, SLOT + state * 64, 6);
    unsigned bits = (slot >> 1) - 1, place = ALIGN;
    vu_word back;
    if (slot < 4) {
        return slot;
    }
    back = (vu_word)(2 | (slot & 1)) << bits;
    if (slot < END_POSITION_MODEL) {
        place = SPECIAL + back - slot;
    } else {
        back += direct(d, bits - ALIGN_BITS) << ALIGN_BITS;
        bits = ALIGN_BITS;
    }
    return back + reverse_tree(d, place, bits);
}

int vu_lzma(const unsigned char *from, vu_word bytes, unsigned char *to, vu_word room,
            unsigned short *probabilities)
{
    struct decoder d;
    vu_word at = 0, back[4];
    unsigned state = 0, i;
    back[0] = back[1] = back[2] = back[3] = 0;
    d.from = from;
    d.end = from + bytes;
    d.range = (vu_word)-1;
    d.code = 0;
    d.probabilities = probabilities;
    for (i = 0; i < VU_PROBABILITIES; ++i) {
        probabilities[i] = 1 << (PROBABILITY_BITS - 1);
    }
    if (bytes < CODE_BYTES) {
        return 0;
    }
    for (i = 0; i < CODE_BYTES; ++i) {
        d.code = d.code << 8 | *d.from++;
    }
    while (at < room && d.from <= d.end) {
        unsigned position_state = at & ((1 << VU_PB) - 1);
        unsigned count, which, lengths, after;
        vu_word chosen;
        if (bit(&d, IS_MATCH + state * POSITION_STATES_MAX + position_state) == 0) {
            unsigned before = at == 0 ? 0 : to[at - 1];
            unsigned context = (at & ((1 << VU_LP) - 1)) << VU_LC | before >> (8 - VU_LC);
            unsigned place = LITERAL + 0x300 * context, symbol = 1, expected = 0, same = 0;
            if (state >= 7) {
                /* After a match: along the byte that would have come next in it. */
                expected = to[at - back[0] - 1];
                same = 0x100;
            }
            while (symbol < 0x100) {
                unsigned b;
                expected <<= 1;
                b = bit(&d, place + same + (expected & same) + symbol);
                symbol = symbol << 1 | b;
                same &= b ? expected : ~expected;
            }
            to[at++] = (unsigned char)symbol;
            state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
            continue;
        }
        which = 0;
        lengths = MATCH_LENGTH;
        after = 7;
        if (bit(&d, IS_REP + state) != 0) {
            lengths = REP_LENGTH;
            after = 8;
            if (bit(&d, IS_REP_G0 + state) != 0) {
                which = bit(&d, IS_REP_G1 + state) == 0 ? 1 : 2 + bit(&d, IS_REP_G2 + state);
            } else if (bit(&d, IS_REP0_LONG + state * POSITION_STATES_MAX + position_state) == 0) {
                lengths = 0;
                after = 9;
            }
        }
        count = 1;
        chosen = back[which];
        if (lengths != 0) {
            count = length(&d, lengths, position_state);
            if (lengths == MATCH_LENGTH) {
                which = 3;
                chosen = distance(&d, count);
            }
            count += MATCH_MIN;
        }
        for (; which != 0; --which) {
            back[which] = back[which - 1];
        }
        back[0] = chosen;
        /* After a literal 7, 8 or 9; else 10 after a match, and 11. */
        state = state < 7 ? after : after == 7 ? 10 : 11;
        if (back[0] >= at || count > room - at) {
            return 0;
        }
        for (; count != 0; --count, ++at) {
            to[at] = to[at - back[0] - 1];
        }
    }
    return at == room && d.from <= d.end;
}
