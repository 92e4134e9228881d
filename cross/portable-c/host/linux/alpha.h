/*
 * Alpha: `call_pal callsys` with the number in $0 and arguments in $16 to $21. The result is in $0; $19 says
 * whether it is an error's number. A function finds its constants by $29, which is made from its address.
 *
 * Reference: Linux, arch/alpha/kernel/entry.S; Alpha Architecture Handbook, "callsys" (0x83).
 */
static long vl_call(long number, long a, long b, long c, long d, long e, long f)
{
    register long what __asm__("$0") = number;
    register long first __asm__("$16") = a;
    register long second __asm__("$17") = b;
    register long third __asm__("$18") = c;
    register long fourth __asm__("$19") = d;
    register long fifth __asm__("$20") = e;
    register long sixth __asm__("$21") = f;
    __asm__ __volatile__("call_pal 0x83"
                         : "+r"(what), "+r"(first), "+r"(second), "+r"(third), "+r"(fourth),
                           "+r"(fifth), "+r"(sixth)
                         :
                         : "$1", "$2", "$3", "$4", "$5", "$6", "$7", "$8", "$22", "$23", "$24", "$25",
                           "$27", "$28", "memory");
    return fourth != 0 ? -what : what;
}

__asm__(".text\n\t.globl _start\n\t.ent _start\n_start:\n\t.frame $15, 0, $26\n\tbr $27, 1f\n1:\n\t"
        "ldgp $29, 0($27)\n\tmov $31, $15\n\tmov $30, $16\n\tlda $1, -16\n\tand $30, $1, $30\n\t"
        "jsr $26, vl_start\n\t.end _start\n");

/*
 * The processor does not divide. Compilers call a function of the C library for it, by a convention of its
 * own: the dividend in $24, the divisor in $25, the result in $27, back by $23; everything else stays as it
 * was, but for $28. Here it is done bit by bit.
 *
 * Reference: Compaq, Calling Standard for Alpha Systems, 3.8.1; glibc, sysdeps/alpha/div_libc.h.
 */
__asm__(".macro vl_divide name, bits, signed, remainder\n"
        "\t.globl \\name\n\\name:\n\t.set noat\n"
        "\tlda $30, -64($30)\n\tstq $0, 0($30)\n\tstq $1, 8($30)\n\tstq $2, 16($30)\n"
        "\tstq $24, 24($30)\n\tstq $25, 32($30)\n"
        "\t.if \\signed\n"
        /* What the result's sign is to be; then both without theirs. */
        "\t.if \\remainder\n\tstq $24, 40($30)\n"
        "\t.else\n\txor $24, $25, $27\n\tstq $27, 40($30)\n\t.endif\n"
        "\tsubq $31, $24, $27\n\tcmovlt $24, $27, $24\n"
        "\tsubq $31, $25, $27\n\tcmovlt $25, $27, $25\n\t.endif\n"
        "\t.if \\bits == 32\n\tzapnot $24, 15, $24\n\tzapnot $25, 15, $25\n\tsll $24, 32, $24\n\t.endif\n"
        /* $0: the dividend, out at the top, and the quotient, in below; $1: what remains. */
        "\tmov $24, $0\n\tmov $31, $1\n\tlda $2, \\bits($31)\n"
        "1:\tcmplt $1, $31, $28\n\tcmplt $0, $31, $27\n\taddq $1, $1, $1\n\tbis $1, $27, $1\n"
        "\taddq $0, $0, $0\n\tcmpule $25, $1, $27\n\tbis $27, $28, $27\n\tsubq $2, 1, $2\n"
        "\tbeq $27, 2f\n\tsubq $1, $25, $1\n\tbis $0, 1, $0\n2:\tbne $2, 1b\n"
        "\t.if \\remainder\n\tmov $1, $27\n\t.else\n\tmov $0, $27\n\t.endif\n"
        "\t.if \\signed\n\tldq $28, 40($30)\n\tsubq $31, $27, $0\n\tcmovlt $28, $0, $27\n\t.endif\n"
        "\t.if \\bits == 32\n\taddl $27, $31, $27\n\t.endif\n"
        "\tldq $0, 0($30)\n\tldq $1, 8($30)\n\tldq $2, 16($30)\n"
        "\tldq $24, 24($30)\n\tldq $25, 32($30)\n\tlda $30, 64($30)\n\tret $31, ($23), 1\n"
        "\t.set at\n\t.endm\n"
        "\t.section .text.vl_divide, \"ax\"\n"
        "\tvl_divide __divqu, 64, 0, 0\n\tvl_divide __remqu, 64, 0, 1\n"
        "\tvl_divide __divq, 64, 1, 0\n\tvl_divide __remq, 64, 1, 1\n"
        "\tvl_divide __divlu, 32, 0, 0\n\tvl_divide __remlu, 32, 0, 1\n"
        "\tvl_divide __divl, 32, 1, 0\n\tvl_divide __reml, 32, 1, 1\n"
        "\t.text\n");
