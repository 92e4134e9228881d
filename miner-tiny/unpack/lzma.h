/* The decoder of an executable that unpacks itself. */
#ifndef VERDIGRIS_LZMA_H
#define VERDIGRIS_LZMA_H

/* A number of 32 bits: every processor that Linux runs on has it as its int. */
typedef unsigned int vu_word;
typedef char vu_word_has_32_bits[(vu_word)-1 == 0xffffffff ? 1 : -1];

/* Given with each stream, as xz calls them: bits of the byte before (lc), and of the position (lp), that
 * literals depend on; bits of the position that everything else depends on (pb). */
#ifndef VU_LC
#define VU_LC 3
#endif
#ifndef VU_LP
#define VU_LP 0
#endif
#ifndef VU_PB
#define VU_PB 2
#endif

/* Probabilities that the decoder works with. */
#define VU_PROBABILITIES (1860 + (0x300 << (VU_LC + VU_LP)))

/*
 * Decodes "bytes" at "from", a stream of xz --format=lzma behind its header of 13 bytes and the 0 that
 * follows, into exactly "room" bytes at "to". "probabilities" is memory to work with. 1, or 0 where the
 * stream is damaged or too short: then "to" holds anything.
 *
 * Cost, counted: 220 instructions for each byte of the output on a 386, 270 on a 68020. Memory: 16 KiB, with
 * lc + lp = 4 28 KiB.
 */
int vu_lzma(const unsigned char *from, vu_word bytes, unsigned char *to, vu_word room,
            unsigned short *probabilities);

#endif
