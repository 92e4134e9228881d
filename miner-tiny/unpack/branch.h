/*
 * Branches, told apart by where they go.
 *
 * Most processors name a call's target by the distance to it, so that every call of one function is another
 * word. Before a program is packed, the distances in its code give way to addresses, which repeat, and what
 * repeats packs; the loader puts the distances back. What only looks like a branch is changed and changed
 * back the same way: the code may hold anything.
 *
 * VU_BRANCHES chooses one processor's instructions; `pack` gives it to the tool that packs and to the loader.
 * Sources: the processors' manuals, named at each.
 */
#ifndef VERDIGRIS_BRANCH_H
#define VERDIGRIS_BRANCH_H

#include "lzma.h"

#define VU_BRANCHES_NONE 0
#define VU_BRANCHES_X86 1
#define VU_BRANCHES_POWERPC 2
#define VU_BRANCHES_POWERPC_LITTLE 3
#define VU_BRANCHES_SPARC 4
#define VU_BRANCHES_ARM 5
#define VU_BRANCHES_AARCH64 6
#define VU_BRANCHES_ALPHA 7
#define VU_BRANCHES_S390X 8
#define VU_BRANCHES_RISCV 9
#define VU_BRANCHES_HPPA 10
#define VU_BRANCHES_MIPS 11
#define VU_BRANCHES_MIPS_LITTLE 12

/*
 * static void vu_branches(unsigned char *code, vu_word bytes, vu_word address, int back);
 *
 * Changes "bytes" of code that are to run at "address": with "back" 0 to addresses, else to distances again.
 * Cost: 11 instructions for each byte on a 386, counted; fewer where instructions are words.
 */

static vu_word vu_load(const unsigned char *from, int big)
{
    return big ? (vu_word)from[0] << 24 | (vu_word)from[1] << 16 | (vu_word)from[2] << 8 | from[3]
               : (vu_word)from[3] << 24 | (vu_word)from[2] << 16 | (vu_word)from[1] << 8 | from[0];
}

static void vu_store(unsigned char *to, vu_word word, int big)
{
    int i;
    for (i = 0; i < 4; ++i) {
        to[big ? 3 - i : i] = (unsigned char)word;
        word >>= 8;
    }
}

#if VU_BRANCHES == VU_BRANCHES_X86

/* call and jmp (E8, E9), the conditional jumps (0F 80 to 0F 8F), each followed by a distance from the next
 * instruction; Intel SDM volume 2. An address counts from the start of the code, and stands with its highest
 * byte first: that repeats most.
 *
 * Of distances, those to within the code are moved, and as many beyond it as there are addresses to displace:
 * from -at to bytes. Another word stays, but one that would look moved, its bytes being turned round, is
 * turned round itself. */
#define VU_MOVES(word) ((word) + at < bytes + at)

static void vu_branches(unsigned char *code, vu_word bytes, vu_word address, int back)
{
    vu_word at = 0;
    (void)address;
    while (at + 6 <= bytes) {
        unsigned char first = code[at++];
        unsigned char *place;
        vu_word word;
        if (first == 0x0f && (code[at] & 0xf0) == 0x80) {
            ++at;
        } else if ((first & 0xfe) != 0xe8) {
            continue;
        }
        place = code + at;
        at += 4;
        word = vu_load(place, back);
        if (VU_MOVES(word)) {
            if (back) {
                word += word < bytes ? -at : bytes;
            } else {
                word += word + at < bytes ? at : -bytes;
            }
        } else if (!VU_MOVES(vu_load(place, !back))) {
            continue;
        }
        vu_store(place, word, !back);
    }
}

#elif VU_BRANCHES == VU_BRANCHES_S390X

/* brasl and larl (C0x5, C0x0), with a distance of 32 bits in halfwords; z/Architecture Principles of Operation.
 * The first two bits of an instruction tell its length: 2, 4, 4 or 6 bytes. */
static void vu_branches(unsigned char *code, vu_word bytes, vu_word address, int back)
{
    vu_word at = 0;
    while (at + 6 <= bytes) {
        unsigned char first = code[at], second = code[at + 1] & 15;
        if (first == 0xc0 && (second == 0 || second == 5)) {
            unsigned char *place = code + at + 2;
            vu_word moved = (address + at) >> 1;
            vu_store(place, vu_load(place, 1) + (back ? -moved : moved), 1);
        }
        at += first < 0x40 ? 2 : first < 0xc0 ? 4 : 6;
    }
}

#elif VU_BRANCHES == VU_BRANCHES_RISCV

/* auipc (0x17), which adds its upper 20 bits to its own address, with the instruction behind it, whose upper
 * 12 bits go on from the same register; The RISC-V Instruction Set Manual volume I, 2.4. Moved, the first
 * word holds the lower bits of the second, and the second the sum, its highest byte first. */
#define VU_AUIPC 0x17

/* Whether the lower 20 bits of an instruction of four bytes read what "auipc" wrote. */
static int vu_reads(vu_word instruction, vu_word auipc)
{
    return (instruction & 3) == 3 && (instruction & 0x7f) != VU_AUIPC
           && (instruction >> 15 & 31) == (auipc >> 7 & 31);
}

/* Whether the two words at "place" are moved, or else a pair to be moved. */
static int vu_is_pair(const unsigned char *place, int moved)
{
    vu_word auipc = vu_load(place, 0);
    return vu_reads(moved ? auipc >> 12 : vu_load(place + 4, 0), auipc);
}

static void vu_move(unsigned char *place, vu_word address, int back)
{
    vu_word auipc = vu_load(place, 0), kept = auipc & 0xfff, second = vu_load(place + 4, back);
    if (back) {
        second -= address;
        vu_store(place, ((second + 0x800) & ~(vu_word)0xfff) | kept, 0);
        vu_store(place + 4, second << 20 | auipc >> 12, 0);
    } else {
        vu_store(place, second << 12 | kept, 0);
        /* The 12 bits have a sign. */
        vu_store(place + 4, auipc - kept + (second >> 20) - (second >> 31 << 12) + address, 1);
    }
}

static void vu_branches(unsigned char *code, vu_word bytes, vu_word address, int back)
{
    vu_word at = 0;
    while (at + 8 <= bytes) {
        unsigned char *place = code + at;
        unsigned char first = *place;
        vu_word here = address + at;
        at += (first & 3) == 3 ? 4 : 2;
        if ((first & 0x7f) != VU_AUIPC) {
            continue;
        }
        if (vu_is_pair(place, back)) {
            vu_move(place, here, back);
        } else if (vu_is_pair(place, !back)) {
            /* What only looks like the outcome: as often the other way as gives what does not, and is
             * therefore no outcome of anything else. */
            do {
                vu_move(place, here, !back);
            } while (vu_is_pair(place, !back));
        } else {
            continue;
        }
        at += 4;
    }
}

#elif VU_BRANCHES == VU_BRANCHES_HPPA

/* b,l to %r2, the 17 bits of whose distance stand scattered over the word; PA-RISC 1.1 Architecture, branch and
 * link, assemble_17. Addresses stand in order in the same places. */
#define VU_FIXED 0xffe0e000
#define VU_CALL 0xe8400000
#define VU_KEPT 0xffe0e002

static void vu_branches(unsigned char *code, vu_word bytes, vu_word address, int back)
{
    vu_word at;
    for (at = 0; at + 4 <= bytes; at += 4) {
        vu_word word = vu_load(code + at, 1), middle = word >> 16 & 31, low = word >> 2 & 0x7ff, last = word & 1;
        vu_word moved = (address + at) >> 2;
        if ((word & VU_FIXED) != VU_CALL) {
            continue;
        }
        word &= VU_KEPT;
        if (back) {
            moved = (middle << 12 | low << 1 | last) - moved;
            word |= (moved >> 16 & 1) | (moved >> 11 & 31) << 16 | (moved >> 10 & 1) << 2 | (moved & 0x3ff) << 3;
        } else {
            moved += last << 16 | middle << 11 | (low & 1) << 10 | low >> 1;
            word |= (moved >> 12 & 31) << 16 | (moved >> 1 & 0x7ff) << 2 | (moved & 1);
        }
        vu_store(code + at, word, 1);
    }
}

#elif VU_BRANCHES != VU_BRANCHES_NONE

/* A rule for one kind of instruction, of one word: its fixed bits, what they are, the bits of the distance, and by
 * how much an address is shifted to count as it does. */
#if VU_BRANCHES == VU_BRANCHES_POWERPC || VU_BRANCHES == VU_BRANCHES_POWERPC_LITTLE
/* bl; Power ISA book I, 2.4. */
#define VU_RULES(rule) rule(0xfc000003, 0x48000001, 0x03fffffc, 0)
#elif VU_BRANCHES == VU_BRANCHES_SPARC
/* call; The SPARC Architecture Manual V9, A.8. */
#define VU_RULES(rule) rule(0xc0000000, 0x40000000, 0x3fffffff, 2)
#elif VU_BRANCHES == VU_BRANCHES_ARM
/* bl without a condition; Arm ARM (DDI 0100), A4.1.5. */
#define VU_RULES(rule) rule(0xff000000, 0xeb000000, 0x00ffffff, 2)
#elif VU_BRANCHES == VU_BRANCHES_AARCH64
/* bl, and adrp without its two lowest bits, which stand elsewhere; Arm ARM (DDI 0487), C6.2. */
#define VU_RULES(rule)                                                                             \
    rule(0xfc000000, 0x94000000, 0x03ffffff, 2) rule(0x9f000000, 0x90000000, 0x00ffffe0, 9)
#elif VU_BRANCHES == VU_BRANCHES_MIPS || VU_BRANCHES == VU_BRANCHES_MIPS_LITTLE
/* bal, which code for any address calls by; MIPS64 Architecture volume II. */
#define VU_RULES(rule) rule(0xffff0000, 0x04110000, 0x0000ffff, 2)
#elif VU_BRANCHES == VU_BRANCHES_ALPHA
/* bsr; Alpha Architecture Handbook, 4.3. */
#define VU_RULES(rule) rule(0xfc000000, 0xd0000000, 0x001fffff, 2)
#else
#error "branches of a processor that is not written yet"
#endif

#define VU_RULE(fixed, value, field, shift)                                                        \
    if ((word & fixed) == value) {                                                                 \
        vu_word moved = (address + at) >> shift & field;                                           \
        word = (word & ~(vu_word)field) | ((word + (back ? -moved : moved)) & field);              \
    }

#define VU_BIG                                                                                     \
    (VU_BRANCHES == VU_BRANCHES_POWERPC || VU_BRANCHES == VU_BRANCHES_SPARC                         \
     || VU_BRANCHES == VU_BRANCHES_MIPS)

static void vu_branches(unsigned char *code, vu_word bytes, vu_word address, int back)
{
    vu_word at;
    for (at = 0; at + 4 <= bytes; at += 4) {
        vu_word word = vu_load(code + at, VU_BIG);
        VU_RULES(VU_RULE)
        vu_store(code + at, word, VU_BIG);
    }
}

#endif

#endif
