/*
 * The packer's side of branch.h: reads a program's memory from standard input and writes it with the
 * branches of its code moved. Arguments: where the code begins in it, its bytes, its address. Checks that
 * they can be moved back.
 */
#include "branch.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More than any program that is worth packing. */
#define ROOM (64ul << 20)

int main(int count, char **arguments)
{
    unsigned char *image = malloc(ROOM), *copy = malloc(ROOM);
    unsigned long bytes, from, length, address;
    if (count != 4 || image == NULL || copy == NULL) {
        fputs("usage: branches CODE BYTES ADDRESS <image >moved\n", stderr);
        return 2;
    }
    bytes = fread(image, 1, ROOM, stdin);
    from = strtoul(arguments[1], NULL, 0);
    length = strtoul(arguments[2], NULL, 0);
    address = strtoul(arguments[3], NULL, 0);
    if (bytes == ROOM || from > bytes || length > bytes - from) {
        fputs("branches: the code is not within the image\n", stderr);
        return 1;
    }
    memcpy(copy, image, bytes);
    vu_branches(image + from, (vu_word)length, (vu_word)address, 0);
    if (fwrite(image, 1, bytes, stdout) != bytes || fflush(stdout) != 0) {
        perror("branches");
        return 1;
    }
    vu_branches(image + from, (vu_word)length, (vu_word)address, 1);
    if (memcmp(image, copy, bytes) != 0) {
        fputs("branches: what was moved cannot be moved back\n", stderr);
        return 1;
    }
    return 0;
}
