/*
 * SuperH: `trapa` of 16 and the count of arguments; the number in r3, arguments in r4 to r7, r0 and r1. The
 * result is in r0. The empty instructions behind it are for SH-4s that execute on while they trap.
 *
 * Reference: Linux, arch/sh/kernel/entry-common.S; glibc, SYSCALL_INST_PAD of sysdeps/unix/sysv/linux/sh.
 */
static long vl_call(long number, long a, long b, long c, long d, long e, long f)
{
    register long what __asm__("r3") = number;
    register long first __asm__("r4") = a;
    register long second __asm__("r5") = b;
    register long third __asm__("r6") = c;
    register long fourth __asm__("r7") = d;
    register long fifth __asm__("r0") = e;
    register long sixth __asm__("r1") = f;
    __asm__ __volatile__("trapa #0x16\n\tor r0, r0\n\tor r0, r0\n\tor r0, r0\n\tor r0, r0\n\tor r0, r0"
                         : "+z"(fifth)
                         : "r"(what), "r"(first), "r"(second), "r"(third), "r"(fourth), "r"(sixth)
                         : "t", "memory");
    return fifth;
}

__asm__(".text\n\t.globl _start\n\t.type _start, @function\n_start:\n\tmov r15, r4\n\tmov #0, r14\n\t"
        "mov.l 1f, r0\n\tjsr @r0\n\tnop\n\t.align 2\n1:\t.long vl_start\n");
