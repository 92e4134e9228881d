/* The decoder of an executable that unpacks itself. */
#ifndef VERDIGRIS_LZMA_H
#define VERDIGRIS_LZMA_H

/* Bits of context that literals may have (lc + lp): with more, the probabilities take more room. */
#define VU_LITERAL_BITS_MAX 3

/* Probabilities that the decoder works with. */
#define VU_PROBABILITIES (1860 + (0x300 << VU_LITERAL_BITS_MAX))

/*
 * Decodes "bytes" at "from", a stream of xz --format=lzma, into exactly "room" bytes at "to".
 * "probabilities" is memory to work with. 1, or 0 where the stream is damaged or of another length: then
 * "to" holds anything.
 *
 * Cost: some 50 to 100 instructions for each bit that was coded; about 16 KiB of memory.
 */
int vu_lzma(const unsigned char *from, unsigned long bytes, unsigned char *to, unsigned long room,
            unsigned short *probabilities);

#endif
