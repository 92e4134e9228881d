/*
 * The decoder against damage: reads a stream from standard input and decodes it whole, cut at every
 * length, and with every one of its bits turned over. To be compiled with -fsanitize=address,undefined,
 * which sees what is read or written out of bounds. Argument: bytes of the output.
 */
#include "../lzma.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned short probabilities[VU_PROBABILITIES];

/* Decodes into memory of exactly that size, so that a byte too many is seen. */
static int decodes(const unsigned char *from, unsigned long bytes, unsigned long room)
{
    unsigned char *exact = malloc(bytes), *to = malloc(room);
    int done;
    memcpy(exact, from, bytes);
    done = vu_lzma(exact, bytes, to, room, probabilities);
    free(exact);
    free(to);
    return done;
}

int main(int count, char **arguments)
{
    static unsigned char stream[1 << 16];
    unsigned long bytes = fread(stream, 1, sizeof stream, stdin);
    unsigned long room = count > 1 ? strtoul(arguments[1], NULL, 10) : 0, i, refused = 0;
    if (!decodes(stream, bytes, room) || decodes(stream, bytes, room + 1)) {
        fputs("not decoded, or decoded to more than there is\n", stderr);
        return 1;
    }
    for (i = 0; i + 16 < bytes; ++i) {
        if (decodes(stream, i, room)) {
            fprintf(stderr, "decoded from %lu bytes\n", i);
            return 1;
        }
    }
    for (i = 0; i < bytes * 8; ++i) {
        stream[i / 8] ^= (unsigned char)(1 << i % 8);
        refused += !decodes(stream, bytes, room);
        stream[i / 8] ^= (unsigned char)(1 << i % 8);
    }
    printf("%lu of %lu damaged streams refused, none read or wrote out of bounds\n", refused, bytes * 8);
    return 0;
}
