/* A program without a C library, to be packed: says whether its memory is as it was linked. */
#include "../start.h"
#include <asm/unistd.h>

static const char right[] = "memory is as linked\n", wrong[] = "memory is wrong\n";
static int zeros[5000];
static int seven = 7;
static const char *const pointer = right;

void *vu_unpack(void);
void *vu_unpack(void)
{
    const char *text = pointer;
    long length = sizeof right - 1, status = 42;
    int i;
    for (i = 0; i < 5000; ++i) {
        if (((volatile int *)zeros)[i] != 0 || *(volatile int *)&seven != 7) {
            text = wrong;
            length = sizeof wrong - 1;
            status = 1;
        }
    }
    call3(__NR_write, 1, (long)text, length);
    call3(__NR_exit, status, 0, 0);
    return 0;
}
