/*
 * An independent measure of memory latency, to hold the probe's against.
 *
 * It shares nothing with the probe: its own generator, its own permutation (Sattolo's cycle, or a
 * chain of them, one for each group of pages, as Google's multichase does to keep address
 * translation out of the figure), absolute pointers, its own unrolling, and CLOCK_MONOTONIC instead
 * of the processor's counter. It is not an independent *memory*: the caller lends the arena, because
 * which physical pages an arena has decides where its latency curve bends.
 *
 * References: Sattolo, "An algorithm to generate a random cyclic permutation", Information
 * Processing Letters 22 (1986); multichase, https://github.com/google/multichase.
 */
#define _POSIX_C_SOURCE 200809L
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

/* Marsaglia's xorshift64*; the state is never 0. */
static uint64_t random_state;

static uint64_t random_below(uint64_t bound)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (random_state * UINT64_C(2685821657736338717) >> 32) % bound;
}

/* Fills `next` with one random cycle of 0..count. */
static void sattolo(uint32_t *next, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        next[i] = i;
    for (uint32_t i = count - 1; i > 0; i--) {
        uint32_t j = (uint32_t)random_below(i);
        uint32_t swap = next[i];
        next[i] = next[j];
        next[j] = swap;
    }
}

static void *node(char *arena, size_t index, size_t stride)
{
    return arena + index * stride;
}

/*
 * Links `count` nodes of `stride` bytes into one ring: all of a group of `group` nodes, then all of
 * the next one in a random cycle of groups. `count` is a multiple of `group`. Returns the node to
 * start from, or NULL without memory for the permutations.
 */
static void *lay(char *arena, uint32_t count, uint32_t group, size_t stride)
{
    uint32_t groups = count / group;
    uint32_t *inner = malloc(group * sizeof *inner);
    uint32_t *outer = malloc(groups * sizeof *outer);
    void **tail = NULL, *first = NULL;
    if (inner != NULL && outer != NULL) {
        uint32_t g = 0, at;
        sattolo(outer, groups);
        do {
            sattolo(inner, group);
            at = 0;
            do {
                void **here = node(arena, (size_t)g * group + at, stride);
                if (tail != NULL)
                    *tail = here;
                else
                    first = here;
                tail = here;
                at = inner[at];
            } while (at != 0);
            g = outer[g];
        } while (g != 0);
        *tail = first;
    }
    free(inner);
    free(outer);
    return first;
}

#define FOLLOW_1 p = *(void **)p;
#define FOLLOW_8 FOLLOW_1 FOLLOW_1 FOLLOW_1 FOLLOW_1 FOLLOW_1 FOLLOW_1 FOLLOW_1 FOLLOW_1
#define FOLLOW_32 FOLLOW_8 FOLLOW_8 FOLLOW_8 FOLLOW_8
#define UNROLLED 32

/* Follows `steps` pointers, a multiple of UNROLLED. */
static void *follow(void *p, size_t steps)
{
    for (size_t i = 0; i < steps; i += UNROLLED) {
        FOLLOW_32
    }
    return p;
}

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Keeps the compiler from dropping a walk whose end nobody uses. */
static void *volatile sink;

/*
 * Nanoseconds for one load, the fastest of `passes` passes, each of `steps` loads (rounded up to a
 * multiple of 32) after one untimed turn of at least the whole ring.
 *
 * `bytes` of `arena` are used, as `bytes / stride` nodes in groups of `group`. Returns -1 where the
 * arguments make no ring or memory for the permutations is short. A walk that does not come round
 * to its start after `count` steps returns -2: the ring would be broken.
 */
double reference_chase_ns(void *arena, size_t bytes, size_t stride, uint32_t group, uint64_t seed,
                          size_t steps, uint32_t passes)
{
    double best = -1.0;
    void *p, *start;
    if (stride < sizeof(void *) || stride % sizeof(void *) != 0 || bytes / stride > UINT32_MAX)
        return -1.0;
    uint32_t count = (uint32_t)(bytes / stride);
    if (count < 2 || group == 0 || count % group != 0)
        return -1.0;
    random_state = seed | 1;
    start = p = lay(arena, count, group, stride);
    if (start == NULL)
        return -1.0;
    for (uint32_t i = 0; i < count; i++)
        p = *(void **)p;
    if (p != start)
        return -2.0;
    steps = (steps + UNROLLED - 1) / UNROLLED * UNROLLED;
    for (uint32_t pass = 0; pass < passes; pass++) {
        double before = now_ns();
        p = follow(p, steps);
        double took = (now_ns() - before) / (double)steps;
        if (best < 0.0 || took < best)
            best = took;
    }
    sink = p;
    return best;
}
