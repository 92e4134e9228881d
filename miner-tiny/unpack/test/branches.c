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

/* The first bytes of what is moved, for any kind: chance alone hits them too seldom. */
static const unsigned char starts[] = {0xe8, 0xe9, 0x0f, 0x8f, 0x48, 0x4b, 0x40, 0x7f, 0xeb, 0x94, 0x97,
                                       0x90, 0xb0, 0xd0, 0xd3, 0xc0, 0xe8, 0x40, 0x5f, 0x17, 0x97, 0x93, 0x05, 0x00, 0x01};

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
            code[i] = number & 0x100 ? (unsigned char)number : starts[(number >> 16) % sizeof starts];
            /* A short distance now and then, forward or back, in either order of bytes. */
            if ((number & 0xe00) == 0 && i + 4 < length) {
                vu_store(code + i + 1, (number >> 16) % (2 * LONGEST) - LONGEST, number & 0x1000);
                i += 4;
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
    if (changed < ROUNDS / 50) {
        fprintf(stderr, "branches were moved in %lu of %d codes only\n", changed, ROUNDS);
        return 1;
    }
    return 0;
}
