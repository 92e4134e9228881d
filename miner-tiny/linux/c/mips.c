/*
 * MIPS: `syscall` with the number in $v0 and arguments in $a0 to $a3; of o32 the other two are on the
 * stack at 16 and 20, of n64 in $a4 and $a5. The result is in $v0; $a3 says whether it is an error's number.
 *
 * References: syscall(2); System V ABI, MIPS RISC Processor supplement, "Process Initialization"; MIPSpro
 * N32/64 programming (stack aligned to 16 bytes, $gp set by each function).
 */
#if _MIPS_SIM == _ABI64

long vl_call(long number, const long *arguments, int *failed)
{
    register long v0 __asm__("$2") = number;
    register long a0 __asm__("$4") = arguments[0];
    register long a1 __asm__("$5") = arguments[1];
    register long a2 __asm__("$6") = arguments[2];
    register long a3 __asm__("$7") = arguments[3];
    register long a4 __asm__("$8") = arguments[4];
    register long a5 __asm__("$9") = arguments[5];
    __asm__ __volatile__("syscall"
                         : "+r"(v0), "+r"(a3)
                         : "r"(a0), "r"(a1), "r"(a2), "r"(a4), "r"(a5)
                         : "$1", "$3", "$10", "$11", "$12", "$13", "$14", "$15", "$24", "$25", "hi",
                           "lo", "memory");
    *failed = a3 != 0;
    return v0;
}

#define VL_SET_GP ".cpsetup $31, $0, 1b\n\t"
#define VL_ALIGN "li $8, -16\n\tand $29, $29, $8\n\t"
#define VL_LOAD "dla $25, verdigris_start\n\t"

#else

long vl_call(long number, const long *arguments, int *failed)
{
    register long v0 __asm__("$2") = number;
    register long a0 __asm__("$4") = arguments[0];
    register long a1 __asm__("$5") = arguments[1];
    register long a2 __asm__("$6") = arguments[2];
    register long a3 __asm__("$7") = arguments[3];
    register long a4 __asm__("$8") = arguments[4];
    register long a5 __asm__("$9") = arguments[5];
    __asm__ __volatile__("subu $29, 32\n\t"
                         "sw %5, 16($29)\n\t"
                         "sw %6, 20($29)\n\t"
                         "syscall\n\t"
                         "addu $29, 32"
                         : "+r"(v0), "+r"(a3)
                         : "r"(a0), "r"(a1), "r"(a2), "r"(a4), "r"(a5)
                         : "$1", "$3", "$10", "$11", "$12", "$13", "$14", "$15", "$24", "$25", "hi",
                           "lo", "memory");
    *failed = a3 != 0;
    return v0;
}

#define VL_SET_GP ".cpload $31\n\t"
/* A caller leaves room for four arguments. */
#define VL_ALIGN "li $8, -8\n\tand $29, $29, $8\n\tsubu $29, 16\n\t"
#define VL_LOAD "la $25, verdigris_start\n\t"

#endif

__asm__(".text\n\t"
        ".globl _start\n\t"
        ".type _start, @function\n"
        "_start:\n\t"
        ".set push\n\t"
        ".set noreorder\n\t"
        "bal 1f\n\t"
        "nop\n"
        "1:\n\t" VL_SET_GP "move $4, $29\n\t" VL_ALIGN VL_LOAD
        "move $31, $0\n\t"
        "jr $25\n\t"
        "nop\n\t"
        ".set pop\n");
