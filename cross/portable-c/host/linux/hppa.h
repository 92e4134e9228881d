/*
 * PA-RISC: a branch to address 0x100 of the gateway page, the number in %r20 and arguments in %r26 to %r21.
 * The result is in %r28. The stack grows upwards. At the start the arguments' addresses are at %r24, and
 * their count lies below.
 *
 * Reference: Linux, arch/parisc/kernel/syscall.S, start_thread in arch/parisc/include/asm/processor.h.
 */
static long vl_call(long number, long a, long b, long c, long d, long e, long f)
{
    register long what __asm__("r20") = number;
    register long first __asm__("r26") = a;
    register long second __asm__("r25") = b;
    register long third __asm__("r24") = c;
    register long fourth __asm__("r23") = d;
    register long fifth __asm__("r22") = e;
    register long sixth __asm__("r21") = f;
    register long result __asm__("r28");
    /* The instruction behind the branch is executed before it. */
    __asm__ __volatile__("ble 0x100(%%sr2, %%r0)\n\tnop"
                         : "=r"(result), "+r"(what), "+r"(first), "+r"(second), "+r"(third),
                           "+r"(fourth), "+r"(fifth), "+r"(sixth)
                         :
                         : "r1", "r2", "r29", "r31", "memory");
    return result;
}

__asm__(".text\n\t.globl _start\n\t.type _start, @function\n_start:\n\t.import $global$, data\n\t"
        "ldil L'$global$, %r27\n\tldo R'$global$(%r27), %r27\n\tldo 128(%r30), %r30\n\tcopy %r0, %r3\n\t"
        "bl vl_start, %r2\n\tldo -4(%r24), %r26\n");
