/* z/Architecture: `svc 0` with the number in %r1 and arguments in %r2 to %r7. The result is in %r2. A
 * function wants 160 bytes of the stack for itself. */
static long vl_call(long number, long a, long b, long c, long d, long e, long f)
{
    register long what __asm__("1") = number;
    register long first __asm__("2") = a;
    register long second __asm__("3") = b;
    register long third __asm__("4") = c;
    register long fourth __asm__("5") = d;
    register long fifth __asm__("6") = e;
    register long sixth __asm__("7") = f;
    __asm__ __volatile__("svc 0"
                         : "+d"(first)
                         : "d"(what), "d"(second), "d"(third), "d"(fourth), "d"(fifth), "d"(sixth)
                         : "cc", "memory");
    return first;
}

__asm__(".text\n\t.globl _start\n\t.type _start, @function\n_start:\n\tlgr %r2, %r15\n\taghi %r15, -160\n\t"
        "xc 0(8, %r15), 0(%r15)\n\tbrasl %r14, vl_start\n");
