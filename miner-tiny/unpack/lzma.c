/*
 * Decodes LZMA, as xz writes it with --format=lzma, into memory that holds the whole output: the output
 * is its own dictionary. The format: Igor Pavlov, "LZMA specification (draft version)", 2015.
 *
 * Written for size. Bad input ends the decoding with 0; nothing is read or written outside the two
 * buffers.
 */
#include "lzma.h"

/* Bytes before the stream: properties, size of the dictionary (4), size of the output (8). */
#define HEADER 13
/* Bytes that start the range decoder; the first is 0. */
#define CODE_BYTES 5

#define PROBABILITY_BITS 11
#define MOVE_BITS 5
#define TOP (1ul << 24)

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

typedef char enough_room[LITERAL + (0x300 << VU_LITERAL_BITS_MAX) == VU_PROBABILITIES ? 1 : -1];

struct decoder {
    const unsigned char *from, *end;
    unsigned long range, code;
    unsigned short *probabilities;
};

static void normalize(struct decoder *d)
{
    if (d->range < TOP) {
        d->range <<= 8;
        /* Past the end there are zeros; the caller sees that all was used. */
        d->code = (d->code << 8 | (d->from < d->end ? *d->from : 0)) & 0xfffffffful;
        ++d->from;
    }
}

static unsigned bit(struct decoder *d, unsigned place)
{
    unsigned short *p = d->probabilities + place;
    unsigned long bound;
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
static unsigned long reverse_tree(struct decoder *d, unsigned place, unsigned bits)
{
    unsigned symbol = 1, i;
    unsigned long value = 0;
    for (i = 0; i < bits; ++i) {
        unsigned b = bit(d, place + symbol);
        symbol = symbol << 1 | b;
        value |= (unsigned long)b << i;
    }
    return value;
}

static unsigned long direct(struct decoder *d, unsigned bits)
{
    unsigned long value = 0;
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
    if (bit(d, place) == 0) {
        return tree(d, place + LENGTH_LOW + position_state * 8, 3);
    }
    if (bit(d, place + 1) == 0) {
        return 8 + tree(d, place + LENGTH_MID + position_state * 8, 3);
    }
    return 16 + tree(d, place + LENGTH_HIGH, 8);
}

/* How far back a match begins, less one. */
static unsigned long distance(struct decoder *d, unsigned match_length)
{
    unsigned state = match_length < LENGTH_STATES ? match_length : LENGTH_STATES - 1;
    unsigned slot = tree(d, SLOT + state * 64, 6);
    unsigned bits = (slot >> 1) - 1;
    unsigned long back;
    if (slot < 4) {
        return slot;
    }
    back = (unsigned long)(2 | (slot & 1)) << bits;
    if (slot < END_POSITION_MODEL) {
        return back + reverse_tree(d, SPECIAL + (unsigned)back - slot, bits);
    }
    back += direct(d, bits - ALIGN_BITS) << ALIGN_BITS;
    return (back + reverse_tree(d, ALIGN, ALIGN_BITS)) & 0xfffffffful;
}

int vu_lzma(const unsigned char *from, unsigned long bytes, unsigned char *to, unsigned long room,
            unsigned short *probabilities)
{
    struct decoder d;
    unsigned long at = 0, back[4];
    unsigned state = 0, i, literal_context, literal_position = 0, position = 0;
    unsigned position_mask, literal_shift, literal_mask;
    back[0] = back[1] = back[2] = back[3] = 0;
    if (bytes < HEADER + CODE_BYTES || from[0] >= 9 * 5 * 5 || from[HEADER] != 0) {
        return 0;
    }
    /* The properties are (pb * 5 + lp) * 9 + lc. No division: libraries for some processors do it by a
     * function that wants a C library. */
    for (literal_context = from[0]; literal_context >= 45; literal_context -= 45) {
        ++position;
    }
    for (; literal_context >= 9; literal_context -= 9) {
        ++literal_position;
    }
    if (literal_context + literal_position > VU_LITERAL_BITS_MAX) {
        return 0;
    }
    literal_mask = (1u << literal_position) - 1;
    position_mask = (1u << position) - 1;
    literal_shift = 8 - literal_context;
    d.end = from + bytes;
    d.range = 0xfffffffful;
    d.code = 0;
    for (i = 1; i < CODE_BYTES; ++i) {
        d.code = d.code << 8 | from[HEADER + i];
    }
    d.from = from + HEADER + CODE_BYTES;
    d.probabilities = probabilities;
    for (i = 0; i < VU_PROBABILITIES; ++i) {
        probabilities[i] = 1 << (PROBABILITY_BITS - 1);
    }
    while (at < room && d.from <= d.end) {
        unsigned position_state = (unsigned)at & position_mask;
        unsigned count;
        if (bit(&d, IS_MATCH + state * POSITION_STATES_MAX + position_state) == 0) {
            unsigned before = at == 0 ? 0 : to[at - 1];
            unsigned context = (((unsigned)at & literal_mask) << literal_context) | before >> literal_shift;
            unsigned place = LITERAL + 0x300 * context, symbol = 1;
            if (state >= 7) {
                /* After a match: along the byte that would have come next in it. */
                unsigned expected = to[at - back[0] - 1];
                unsigned same = 0x100;
                while (symbol < 0x100) {
                    unsigned b;
                    expected <<= 1;
                    b = bit(&d, place + same + (expected & same) + symbol);
                    symbol = symbol << 1 | b;
                    same &= b ? expected : ~expected;
                }
            }
            while (symbol < 0x100) {
                symbol = symbol << 1 | bit(&d, place + symbol);
            }
            to[at++] = (unsigned char)symbol;
            state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
            continue;
        }
        if (bit(&d, IS_REP + state) == 0) {
            back[3] = back[2];
            back[2] = back[1];
            back[1] = back[0];
            count = length(&d, MATCH_LENGTH, position_state);
            state = state < 7 ? 7 : 10;
            back[0] = distance(&d, count);
            if (back[0] == 0xfffffffful) {
                /* The marker of the end. */
                break;
            }
            count += MATCH_MIN;
        } else {
            unsigned which = 0;
            if (bit(&d, IS_REP_G0 + state) != 0) {
                which = bit(&d, IS_REP_G1 + state) == 0 ? 1 : 2 + bit(&d, IS_REP_G2 + state);
            }
            if (which == 0 && bit(&d, IS_REP0_LONG + state * POSITION_STATES_MAX + position_state) == 0) {
                count = 1;
                state = state < 7 ? 9 : 11;
            } else {
                unsigned long chosen = back[which];
                for (; which != 0; --which) {
                    back[which] = back[which - 1];
                }
                back[0] = chosen;
                count = MATCH_MIN + length(&d, REP_LENGTH, position_state);
                state = state < 7 ? 8 : 11;
            }
        }
        if (back[0] >= at || count > room - at) {
            return 0;
        }
        for (; count != 0; --count, ++at) {
            to[at] = to[at - back[0] - 1];
        }
    }
    return at == room && d.from <= d.end;
}
