/* The module's memory, which grows, and an end for faults. Plain C without an operating system. */
#include <stdlib.h>
#include <string.h>

#include "host.h"

/* Bytes of a page of linear memory (WebAssembly specification, "Memory Instances"). */
#define PAGE 65536u

/* Where memory starts is a multiple of this, so that the arena lies as on the machine's pages. */
#define ALIGNMENT 4096u

/* The most pages: the module needs a fraction of 1 MiB, and the arena has 64 MiB at most. */
#define MOST_PAGES 1152u

/* Pages that there is room for beyond the first ones: the smallest arena grows into them without a copy, which
 * would take the memory twice. */
#define SPARE 1u

/* Where address 0 is; on a big-endian machine, where memory is stored backwards, the byte after it. */
extern unsigned char *verdigris_memory;
unsigned char *verdigris_memory;

/* The block that memory lies in, as malloc gave it; the pages that it has room for, and those in use. */
static void *block;
static u32 room;
static u32 pages;

void vh_fault(enum vh_fault why)
{
    static char text[] = "0: a fault of the program's own; please report it";
    text[0] = (char)('0' + why);
    vh_die(text);
    for (;;) {
    }
}

/* Moves memory into a block with room for so many pages, all zero where nothing was; 0 where there is none. */
static int move(u32 wanted)
{
    size_t used = (size_t)pages * PAGE, size = (size_t)wanted * PAGE;
    unsigned char *fresh = malloc(size + ALIGNMENT), *start;
    if (fresh == NULL) {
        return 0;
    }
    start = fresh + (ALIGNMENT - (size_t)fresh % ALIGNMENT) % ALIGNMENT;
    memset(start, 0, size);
    if (block != NULL) {
        memcpy(WABT_BIG_ENDIAN ? start + (size - used) : start,
               WABT_BIG_ENDIAN ? verdigris_memory - used : verdigris_memory, used);
        free(block);
    }
    block = fresh;
    room = wanted;
    verdigris_memory = WABT_BIG_ENDIAN ? start + size : start;
    return 1;
}

u32 vh_grow(u32 more)
{
    u32 before = pages;
    if (more > MOST_PAGES - pages ||
        (pages + more > room && !move(pages + more + (block == NULL ? SPARE : 0)))) {
        return (u32)-1;
    }
    pages += more;
    return before;
}

unsigned char *vh_at(u32 address, u32 bytes)
{
    u32 size = pages * PAGE;
    if (bytes > size || address > size - bytes) {
        vh_fault(VH_OUT_OF_BOUNDS);
    }
    return WABT_BIG_ENDIAN ? verdigris_memory - address - bytes : verdigris_memory + address;
}

void vh_take(u32 address, void *to, u32 bytes)
{
    unsigned char *out = to;
    unsigned char *from = vh_at(address, bytes);
    if (WABT_BIG_ENDIAN) {
        while (bytes-- != 0) {
            *out++ = from[bytes];
        }
    } else {
        memcpy(out, from, bytes);
    }
}

void vh_give(u32 address, const void *from, u32 bytes)
{
    const unsigned char *in = from;
    unsigned char *to = vh_at(address, bytes);
    if (WABT_BIG_ENDIAN) {
        while (bytes-- != 0) {
            to[bytes] = *in++;
        }
    } else {
        memcpy(to, in, bytes);
    }
}

u32 vh_answer(u32 to, u32 room, const char *from)
{
    size_t length = strlen(from);
    u32 given = length < room ? (u32)length : room;
    vh_give(to, from, given);
    return given;
}

/* Writes to standard output (1) or standard error (2). */
void Z_envZ_vh_print(u32 stream, u32 from, u32 length)
{
    char piece[256];
    while (length != 0) {
        u32 part = length < sizeof piece ? length : (u32)sizeof piece;
        vh_take(from, piece, part);
        vh_put(stream, piece, part);
        from += part;
        length -= part;
    }
}
