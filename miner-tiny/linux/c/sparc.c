/*
 * SPARC: a trap with the number in %g1 and arguments in %o0 to %o5. The result is in %o0; the carry flag says
 * that it is an error's number. The trap is 0x6d for 64-bit programs, 0x10 for others.
 *
 * At the start the stack pointer (less the bias of 2047 of 64-bit programs) names room for a register
 * window, sixteen words, above which the arguments' count lies. A function wants room for six arguments more.
 *
 * References: syscall(2); System V ABI, SPARC Processor supplement, "Process Initialization"; SPARC
 * Compliance Definition 2.4, 3P.
 */
#ifdef __arch64__
#define VL_TRAP "ta 0x6d\n\tbcs,pn %%xcc, 1f\n\t"
#define VL_START "add %sp, 2047 + 16 * 8, %o0\n\tsub %sp, 6 * 8, %sp\n\t"
#else
#define VL_TRAP "ta 0x10\n\tbcs 1f\n\t"
#define VL_START "add %sp, 16 * 4, %o0\n\tsub %sp, 6 * 4, %sp\n\t"
#endif

long vl_call(long number, const long *arguments, int *failed)
{
    register long g1 __asm__("g1") = number;
    register long o0 __asm__("o0") = arguments[0];
    register long o1 __asm__("o1") = arguments[1];
    register long o2 __asm__("o2") = arguments[2];
    register long o3 __asm__("o3") = arguments[3];
    register long o4 __asm__("o4") = arguments[4];
    register long o5 __asm__("o5") = arguments[5];
    /* The instruction behind the branch is executed either way. */
    __asm__ __volatile__(VL_TRAP " mov 1, %%g1\n\t"
                                 "mov 0, %%g1\n"
                                 "1:"
                         : "+r"(g1), "+r"(o0), "+r"(o1)
                         : "r"(o2), "r"(o3), "r"(o4), "r"(o5)
                         : "cc", "o7", "memory");
    *failed = g1 != 0;
    return o0;
}

__asm__(".text\n\t"
        ".globl _start\n\t"
        ".type _start, #function\n"
        "_start:\n\t"
        "mov %g0, %fp\n\t" VL_START "call verdigris_start\n\t"
        " nop\n");
