/*
 * SPARC of 32 bits: trap 0x10 with the number in %g1 and arguments in %o0 to %o5. The result is in %o0; the
 * carry flag says that it is an error's number. At the start the stack pointer names room for a register
 * window of sixteen words, above which the arguments' count lies; a function wants room for its result's
 * address and six arguments more.
 *
 * Reference: SPARC Compliance Definition 2.4, 3P.
 */
static long vl_call(long number, long a, long b, long c, long d, long e, long f)
{
    register long what __asm__("g1") = number;
    register long first __asm__("o0") = a;
    register long second __asm__("o1") = b;
    register long third __asm__("o2") = c;
    register long fourth __asm__("o3") = d;
    register long fifth __asm__("o4") = e;
    register long sixth __asm__("o5") = f;
    /* The instruction behind the branch is executed only where the branch is taken. */
    __asm__ __volatile__("ta 0x10\n\tbcs,a 1f\n\t neg %%o0\n1:"
                         : "+r"(first), "+r"(second), "+r"(what)
                         : "r"(third), "r"(fourth), "r"(fifth), "r"(sixth)
                         : "cc", "memory");
    return first;
}

__asm__(".text\n\t.globl _start\n\t.type _start, #function\n_start:\n\tmov %g0, %fp\n\tadd %sp, 64, %o0\n\t"
        "and %sp, -8, %sp\n\tcall vl_start\n\t sub %sp, 32, %sp\n");
