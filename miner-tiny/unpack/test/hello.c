/* A program without a C library, to be packed: says whether its memory is as it was linked, and writes all of
 * it, from its lowest address, to descriptor 3. CHANCE names a file of bytes to stand in the midst of its
 * code. */
#include "../start.h"
#include <asm/unistd.h>

static const char right[] = "memory is as linked\n", wrong[] = "memory is wrong\n";
static volatile int zeros[5000];
static volatile int seven = 7;
static const char *const pointer = right;

/* Given by the linker: where the program begins, and where its zeros do. */
extern const char __executable_start[], _edata[];

/* Many calls of few functions, which is what moved branches are for. */
#define FUNCTION __attribute__((noinline)) static
FUNCTION int first(int x) { return x * 3 ^ seven; }
FUNCTION int second(int x) { return x * 5 ^ seven; }
FUNCTION int third(int x) { return x * 7 ^ seven; }
#define CALLS(n)                                                                                   \
    FUNCTION int calls##n(int x)                                                                   \
    {                                                                                              \
        return first(second(x + n)) + third(first(x - n)) + second(third(x ^ n)) + first(x * 9);     \
    }
CALLS(10) CALLS(11) CALLS(12) CALLS(13) CALLS(14) CALLS(15) CALLS(16) CALLS(17)
__asm__(".text\n.balign 4\n.incbin \"" CHANCE "\"\n.balign 4\n");
CALLS(20) CALLS(21) CALLS(22) CALLS(23) CALLS(24) CALLS(25) CALLS(26) CALLS(27)
CALLS(30) CALLS(31) CALLS(32) CALLS(33) CALLS(34) CALLS(35) CALLS(36) CALLS(37)

static int all(int x)
{
    return calls10(x) + calls11(x) + calls12(x) + calls13(x) + calls14(x) + calls15(x) + calls16(x) + calls17(x)
           + calls20(x) + calls21(x) + calls22(x) + calls23(x) + calls24(x) + calls25(x) + calls26(x)
           + calls27(x) + calls30(x) + calls31(x) + calls32(x) + calls33(x) + calls34(x) + calls35(x)
           + calls36(x) + calls37(x);
}

void *vu_unpack(void);
void *vu_unpack(void)
{
    const char *text = pointer;
    long length = sizeof right - 1, status = 42;
    int i;
    for (i = 0; i < 5000; ++i) {
        if (zeros[i] != 0 || seven != 7) {
            text = wrong;
            length = sizeof wrong - 1;
            status = 1;
        }
    }
    call3(__NR_write, 1, (long)text, length);
    zeros[0] = all(seven);
    call3(__NR_write, 3, (long)__executable_start, _edata - __executable_start);
    call3(__NR_exit, status, 0, 0);
    return 0;
}
