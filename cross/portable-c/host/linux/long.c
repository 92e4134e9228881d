/*
 * Integers of 64 bits on SPARC and older MIPS of 32, for compilers that come without their library for it, or
 * with one that is made for version 9 or MIPS32: what they call functions for. Everywhere else that library is
 * linked.
 *
 * Reference: GCC internals, "Routines for integer arithmetic" and "... for floating point emulation".
 */
#if (defined(__sparc__) && !defined(__arch64__)) || (defined(__MIPSEB__) && __mips < 32 && !defined(__mips64))
#include <stdint.h>

/* High word first. */
union words {
    uint64_t all;
    uint32_t word[2];
};

#define TWO_TO_32 4294967296.0
/* Bits of a binary64's fraction, and below them those of an integer of 64 bits that it has no room for. */
#define FRACTION 53
#define BELOW 0x7ffu

uint64_t __ashldi3(uint64_t x, int count);
uint64_t __lshrdi3(uint64_t x, int count);
uint64_t __udivdi3(uint64_t x, uint64_t y);
uint64_t __umoddi3(uint64_t x, uint64_t y);
int64_t __divdi3(int64_t x, int64_t y);
int64_t __moddi3(int64_t x, int64_t y);
uint64_t __fixunsdfdi(double x);
double __floatundidf(uint64_t x);
float __floatdisf(int64_t x);

uint64_t __ashldi3(uint64_t x, int count)
{
    union words w;
    w.all = x;
    if (count >= 32) {
        w.word[0] = w.word[1] << (count - 32);
        w.word[1] = 0;
    } else if (count > 0) {
        w.word[0] = w.word[0] << count | w.word[1] >> (32 - count);
        w.word[1] <<= count;
    }
    return w.all;
}

uint64_t __lshrdi3(uint64_t x, int count)
{
    union words w;
    w.all = x;
    if (count >= 32) {
        w.word[1] = w.word[0] >> (count - 32);
        w.word[0] = 0;
    } else if (count > 0) {
        w.word[1] = w.word[1] >> count | w.word[0] << (32 - count);
        w.word[0] >>= count;
    }
    return w.all;
}

/* The quotient; the remainder where it is told to. Bit by bit, but for words. */
static uint64_t divided(uint64_t x, uint64_t y, uint64_t *remainder)
{
    union words a, b;
    uint64_t quotient = x, rest = 0;
    int i;
    a.all = x;
    b.all = y;
    if (a.word[0] == 0 && b.word[0] == 0) {
        *remainder = a.word[1] % b.word[1];
        return a.word[1] / b.word[1];
    }
    for (i = 0; i < 64; ++i) {
        int over = (int64_t)rest < 0;
        rest = rest + rest + ((int64_t)quotient < 0);
        quotient += quotient;
        if (over || rest >= y) {
            rest -= y;
            ++quotient;
        }
    }
    *remainder = rest;
    return quotient;
}

uint64_t __udivdi3(uint64_t x, uint64_t y)
{
    uint64_t rest;
    return divided(x, y, &rest);
}

uint64_t __umoddi3(uint64_t x, uint64_t y)
{
    uint64_t rest;
    divided(x, y, &rest);
    return rest;
}

static uint64_t magnitude(int64_t x) { return x < 0 ? 0 - (uint64_t)x : (uint64_t)x; }

int64_t __divdi3(int64_t x, int64_t y)
{
    uint64_t rest, quotient = divided(magnitude(x), magnitude(y), &rest);
    return (int64_t)((x < 0) != (y < 0) ? 0 - quotient : quotient);
}

int64_t __moddi3(int64_t x, int64_t y)
{
    uint64_t rest;
    divided(magnitude(x), magnitude(y), &rest);
    return (int64_t)(x < 0 ? 0 - rest : rest);
}

uint64_t __fixunsdfdi(double x)
{
    union words w;
    w.word[0] = (uint32_t)(x / TWO_TO_32);
    w.word[1] = (uint32_t)(x - (double)w.word[0] * TWO_TO_32);
    return w.all;
}

double __floatundidf(uint64_t x)
{
    union words w;
    w.all = x;
    return (double)w.word[0] * TWO_TO_32 + (double)w.word[1];
}

float __floatdisf(int64_t x)
{
    uint64_t size = magnitude(x);
    float done;
    /* Rounded once: what a binary64 has no room for becomes one bit that it has, which says that there was
     * more. */
    if (size >> FRACTION != 0 && (size & BELOW) != 0) {
        size = (size & ~(uint64_t)BELOW) | (BELOW + 1);
    }
    done = (float)__floatundidf(size);
    return x < 0 ? -done : done;
}
#else
/* A file is not to be empty. */
typedef int nothing_here;
#endif
