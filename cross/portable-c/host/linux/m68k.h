/*
 * 68k: `trap #0` with the number in d0 and arguments in d1 to d5 and a0. The result is in d0. A function
 * finds its arguments on the stack.
 */
static long vl_call(long number, long a, long b, long c, long d, long e, long f)
{
    register long what __asm__("d0") = number;
    register long first __asm__("d1") = a;
    register long second __asm__("d2") = b;
    register long third __asm__("d3") = c;
    register long fourth __asm__("d4") = d;
    register long fifth __asm__("d5") = e;
    register long sixth __asm__("a0") = f;
    __asm__ __volatile__("trap #0"
                         : "+d"(what)
                         : "d"(first), "d"(second), "d"(third), "d"(fourth), "d"(fifth), "a"(sixth)
                         : "memory");
    return what;
}

__asm__(".text\n\t.globl _start\n\t.type _start, @function\n_start:\n\tsub.l %fp, %fp\n\tpea (%sp)\n\t"
        "jsr vl_start\n");
