/*
 * MIPS of 32 bits: `syscall` with the number in $2 and arguments in $4 to $7, the other two on the stack at 16 and
 * 20. The result is in $2; $7 says whether it is an error's number. A function of position-independent code finds
 * itself in $25, and its caller leaves it room for four arguments.
 */
static long vl_call(long number, long a, long b, long c, long d, long e, long f)
{
    register long result __asm__("$2") = number;
    register long first __asm__("$4") = a;
    register long second __asm__("$5") = b;
    register long third __asm__("$6") = c;
    register long fourth __asm__("$7") = d;
    register long fifth __asm__("$8") = e;
    register long sixth __asm__("$9") = f;
    __asm__ __volatile__("subu $29, 32\n\tsw %2, 16($29)\n\tsw %3, 20($29)\n\tsyscall\n\taddu $29, 32"
                         : "+r"(result), "+r"(fourth), "+r"(fifth), "+r"(sixth)
                         : "r"(first), "r"(second), "r"(third)
                         : "$1", "$3", "$10", "$11", "$12", "$13", "$14", "$15", "$24", "$25", "hi",
                           "lo", "memory");
    return fourth != 0 ? -result : result;
}

__asm__(".text\n\t.globl _start\n\t.type _start, @function\n_start:\n\t.set push\n\t.set noreorder\n\t"
        "bal 1f\n\tnop\n1:\t.cpload $31\n\tmove $4, $29\n\tli $8, -8\n\tand $29, $29, $8\n\tsubu $29, 16\n\t"
        "la $25, vl_start\n\tmove $31, $0\n\tjr $25\n\tnop\n\t.set pop\n");
