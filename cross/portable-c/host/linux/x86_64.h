/* x86-64: `syscall` with the number in %rax and arguments in %rdi, %rsi, %rdx, %r10, %r8, %r9. The result is
 * in %rax. The stack is aligned to 16 bytes where a function is called. */
static long vl_call(long number, long a, long b, long c, long d, long e, long f)
{
    register long fourth __asm__("r10") = d;
    register long fifth __asm__("r8") = e;
    register long sixth __asm__("r9") = f;
    __asm__ __volatile__("syscall"
                         : "+a"(number)
                         : "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth), "r"(sixth)
                         : "rcx", "r11", "cc", "memory");
    return number;
}

__asm__(".text\n\t.globl _start\n\t.type _start, @function\n_start:\n\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\t"
        "and $-16, %rsp\n\tcall vl_start\n");
