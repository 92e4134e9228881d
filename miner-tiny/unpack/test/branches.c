/*
 * Branches there and back, on code of chance and of every short length. To be compiled for one kind of
 * branches (VU_BRANCHES), with -fsanitize=address,undefined.
 */
#include "../branch.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 20000
#define LONGEST 400

/* Bytes that branches begin with, and whole words that are branches in one order of bytes or the other: chance
 * alone hits them too seldom. */
static const unsigned char starts[] = {0xe8, 0xe9, 0x0f, 0x8f, 0xc0, 0x05, 0x17, 0x97, 0x93, 0x00, 0x01};
static const vu_word words[] = {0x48000001, 0x40000000, 0xeb000000, 0x94000000, 0x90000000,
                                0xd3400000, 0xe8400000, 0x04110000};
#define OF(table) table[(chance() >> 8) % (sizeof table / sizeof *table)]

/* xorshift; Marsaglia, "Xorshift RNGs", 2003. */
static vu_word seed = 2463534242u;
static vu_word chance(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    return seed ^= seed << 5;
}

int main(void)
{
    unsigned long changed = 0;
    int round;
    for (round = 0; round < ROUNDS; ++round) {
        vu_word length = round <= LONGEST ? (vu_word)round : chance() % LONGEST, i;
        vu_word address = chance() & ~(vu_word)3;
        unsigned char *code = malloc(length + 1), *copy = malloc(length + 1), *exact = malloc(length);
        for (i = 0; i < length; ++i) {
            vu_word number = chance();
            code[i] = number & 0x100 ? (unsigned char)number : OF(starts);
            /* A short distance now and then, forward or back, and a word where one may stand. */
            if ((number & 0xe00) == 0 && i + 4 < length) {
                vu_store(code + i + 1, (number >> 16) % (2 * LONGEST) - LONGEST, number & 0x1000);
                i += 4;
            } else if ((number & 0xc00) == 0 && i % 4 == 0 && i + 4 <= length) {
                vu_store(code + i, OF(words) | (number >> 16 & 0x1ffc), number & 0x1000);
                i += 3;
            }
        }
        memcpy(copy, code, length);
        memcpy(exact, code, length);
        vu_branches(exact, length, address, 0);
        changed += memcmp(exact, copy, length) != 0;
        vu_branches(exact, length, address, 1);
        if (memcmp(exact, copy, length) != 0) {
            fprintf(stderr, "%u bytes at %#x came back changed\n", length, address);
            return 1;
        }
        free(code);
        free(copy);
        free(exact);
    }
    if (changed < ROUNDS / 10) {
        fprintf(stderr, "branches were moved in %lu of %d codes only\n", changed, ROUNDS);
        return 1;
    }
    return 0;
}
