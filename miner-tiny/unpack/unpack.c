/*
 * An executable that unpacks itself: decodes a program to the addresses that it was linked for, and goes
 * on in it as if the kernel had started it. `pack` links it; image.ld lays it out.
 *
 * The program's memory begins as zeros that may be written. What holds its code is then made executable,
 * and no longer writable where no data shares its pages: by a system call, because kernels older than 4.10
 * pass over a segment's own wish where its file has no bytes for it.
 */
#include "branch.h"
#include "lzma.h"
#include "start.h"

/* Given by `pack` as numbers:
 *   VU_IMAGE, VU_IMAGE_END      where the unpacked bytes go
 *   VU_CODE, VU_CODE_END        the pages that hold the program's code
 *   VU_PROTECTION               what these may be used for: PROT_ of mmap(2)
 *   VU_ENTRY                    where the program starts
 *   VU_TEXT, VU_TEXT_BYTES      the code whose branches were moved, where VU_BRANCHES is not 0
 */
#define AT(address) ((unsigned char *)(unsigned long)(address))

/* Given by the linker script: the packed bytes. */
extern const unsigned char vu_packed[], vu_packed_end[];

static unsigned short probabilities[VU_PROBABILITIES];

/* Unpacks; gives the address to go on at. */
void *vu_unpack(void)
{
    if (!vu_lzma(vu_packed, (vu_word)(vu_packed_end - vu_packed), AT(VU_IMAGE),
                 VU_IMAGE_END - VU_IMAGE, probabilities)) {
        /* A damaged file. There is nothing to say it with. The compiler is not to see that this faults: some
         * would call a function of the C library instead. */
        unsigned char *volatile nowhere = 0;
        *nowhere = 0;
    }
#if VU_BRANCHES != VU_BRANCHES_NONE
    vu_branches(AT(VU_TEXT), VU_TEXT_BYTES, (vu_word)VU_TEXT, 1);
#endif
    vu_synchronise(AT(VU_IMAGE), AT(VU_IMAGE_END));
    call3(NR_MPROTECT, (long)VU_CODE, (long)(VU_CODE_END - VU_CODE), VU_PROTECTION);
    return AT(VU_ENTRY);
}
