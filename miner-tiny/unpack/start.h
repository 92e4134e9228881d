/*
 * How a program of Linux starts, and goes on in another one, by architecture.
 *
 * Each `_start` keeps the stack pointer that the kernel gave, calls vu_unpack, puts the stack pointer
 * back and jumps to the address that came back, with the register cleared in which a program looks for
 * a function to call at its exit. Sources: the processor supplements of the System V ABI ("process
 * initialization"), and ELF_PLAT_INIT of Linux for what the kernel promises there.
 *
 * call3 is a system call of three arguments (syscall(2)); its result matters to nobody here.
 * vu_synchronise makes what was stored visible to instruction fetch, where hardware does not.
 */
#ifndef VERDIGRIS_START_H
#define VERDIGRIS_START_H

/* call3 where the registers are named and the result comes in that of the first argument. */
#define VU_CALL3(instruction, what, first, second, third)                                          \
    static void call3(long number, long a, long b, long c)                                        \
    {                                                                                             \
        register long in_what __asm__(what) = number;                                             \
        register long in_first __asm__(first) = a;                                                \
        register long in_second __asm__(second) = b;                                              \
        register long in_third __asm__(third) = c;                                                \
        __asm__ __volatile__(instruction                                                          \
                             : "+r"(in_first)                                                     \
                             : "r"(in_second), "r"(in_third), "r"(in_what)                        \
                             : "cc", "memory");                                                   \
    }

#if defined(__x86_64__)

__asm__(".globl _start\n_start:\n\tmov %rsp, %rbx\n\tand $-16, %rsp\n\tcall vu_unpack\n"
        "\tmov %rbx, %rsp\n\txor %edx, %edx\n\tjmp *%rax\n");
static void call3(long number, long a, long b, long c)
{
    __asm__ __volatile__("syscall" : "+a"(number) : "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
}
#define NR_MPROTECT 10
#define vu_synchronise(from, to) ((void)0)

#elif defined(__i386__)

__asm__(".globl _start\n_start:\n\tmov %esp, %ebx\n\tand $-16, %esp\n\tcall vu_unpack\n"
        "\tmov %ebx, %esp\n\txor %edx, %edx\n\tjmp *%eax\n");
static void call3(long number, long a, long b, long c)
{
    __asm__ __volatile__("int $0x80" : "+a"(number) : "b"(a), "c"(b), "d"(c) : "memory");
}
#define NR_MPROTECT 125
#define vu_synchronise(from, to) ((void)0)

#elif defined(__powerpc64__)

#if defined(_CALL_ELF) && _CALL_ELF == 2
__asm__(".globl _start\n.type _start, @function\n_start:\n"
        "0:\taddis 2, 12, .TOC.-0b@ha\n\taddi 2, 2, .TOC.-0b@l\n"
        "\tmr 30, 1\n\tclrrdi 1, 1, 4\n\tstdu 1, -64(1)\n\tbl vu_unpack\n\tnop\n"
        "\tmr 1, 30\n\tmr 12, 3\n\tmtctr 3\n\tli 7, 0\n\tbctr\n");
#else
/* What is called is a descriptor: code, table of contents. The kernel reads that of _start itself. */
__asm__(".section .opd, \"aw\"\n.globl _start\n_start: .quad .L_start, .TOC.@tocbase, 0\n.text\n"
        ".L_start:\n\tmr 30, 1\n\tclrrdi 1, 1, 4\n\tstdu 1, -128(1)\n\tbl vu_unpack\n\tnop\n"
        "\tmr 1, 30\n\tld 2, 8(3)\n\tld 3, 0(3)\n\tmtctr 3\n\tli 7, 0\n\tbctr\n");
#endif
#define VU_POWERPC

#elif defined(__powerpc__)

__asm__(".globl _start\n_start:\n\tmr 30, 1\n\tclrrwi 1, 1, 4\n\tstwu 1, -32(1)\n\tbl vu_unpack\n"
        "\tmr 1, 30\n\tmtctr 3\n\tli 7, 0\n\tbctr\n");
#define VU_POWERPC

#elif defined(__arm__)

__asm__(".globl _start\n.type _start, %function\n.arm\n_start:\n\tmov r4, sp\n\tbic sp, sp, #7\n"
        "\tbl vu_unpack\n\tmov sp, r4\n\tmov ip, r0\n\tmov r0, #0\n\tbx ip\n");
VU_CALL3("svc #0", "r7", "r0", "r1", "r2")
#define NR_MPROTECT 125
/* cacheflush of arch/arm/include/uapi/asm/unistd.h. */
#define vu_synchronise(from, to) call3(0xf0002, (long)(from), (long)(to), 0)

#elif defined(__aarch64__)

__asm__(".globl _start\n_start:\n\tmov x19, sp\n\tbl vu_unpack\n\tmov sp, x19\n\tmov x16, x0\n"
        "\tmov x0, #0\n\tbr x16\n");
VU_CALL3("svc #0", "x8", "x0", "x1", "x2")
#define NR_MPROTECT 226
static void vu_synchronise(unsigned char *from, unsigned char *to)
{
    /* Arm ARM B2.4.4: clean data to the point of unification, invalidate instructions. CTR_EL0 says how
     * long the shortest lines are, as powers of two words. */
    unsigned long type, data, code, at;
    __asm__("mrs %0, ctr_el0" : "=r"(type));
    data = 4ul << (type >> 16 & 15);
    code = 4ul << (type & 15);
    for (at = (unsigned long)from & ~(data - 1); at < (unsigned long)to; at += data) {
        __asm__ __volatile__("dc cvau, %0" : : "r"(at) : "memory");
    }
    __asm__ __volatile__("dsb ish" : : : "memory");
    for (at = (unsigned long)from & ~(code - 1); at < (unsigned long)to; at += code) {
        __asm__ __volatile__("ic ivau, %0" : : "r"(at) : "memory");
    }
    __asm__ __volatile__("dsb ish\n\tisb" : : : "memory");
}

#elif defined(__riscv)

__asm__(".globl _start\n_start:\n\tmv s0, sp\n\tandi sp, sp, -16\n\tcall vu_unpack\n\tmv sp, s0\n"
        "\tmv t0, a0\n\tli a0, 0\n\tjr t0\n");
VU_CALL3("ecall", "a7", "a0", "a1", "a2")
#define NR_MPROTECT 226
/* riscv_flush_icache(2) reaches every hart on which the process may go on. */
#define vu_synchronise(from, to) call3(259, (long)(from), (long)(to), 0)

#elif defined(__mips__)

#if defined(__mips64)
#define VU_MIPS_ADD "daddiu"
#else
#define VU_MIPS_ADD "addiu"
#endif
__asm__(".globl __start\n.globl _start\n.set push\n.set noreorder\n__start:\n_start:\n"
        "\tmove $16, $29\n\tli $8, -16\n\tand $29, $29, $8\n\t" VU_MIPS_ADD " $29, $29, -32\n"
        "\tjal vu_unpack\n\tnop\n\tmove $29, $16\n\tmove $25, $2\n\tjr $25\n\tmove $2, $0\n"
        ".set pop\n");
static void call3(long number, long a, long b, long c)
{
    register long first __asm__("$4") = a;
    register long second __asm__("$5") = b;
    register long third __asm__("$6") = c;
    register long failed __asm__("$7");
    register long what __asm__("$2") = number;
    __asm__ __volatile__("syscall"
                         : "+r"(what), "=r"(failed)
                         : "r"(first), "r"(second), "r"(third)
                         : "$1", "$3", "$8", "$9", "$10", "$11", "$12", "$13", "$14", "$15", "$24",
                           "$25", "memory");
}
/* cacheflush(2), of both caches (3). */
#if defined(__mips64)
#define NR_MPROTECT 5010
#define vu_synchronise(from, to) call3(5197, (long)(from), (long)((to) - (from)), 3)
#else
#define NR_MPROTECT 4125
#define vu_synchronise(from, to) call3(4147, (long)(from), (long)((to) - (from)), 3)
#endif

#elif defined(__sparc__)

#if defined(__arch64__)
__asm__(".globl _start\n_start:\n\tmov %sp, %l0\n\tcall vu_unpack\n\t sub %sp, 176, %sp\n"
        "\tmov %l0, %sp\n\tmov 0, %g1\n\tjmp %o0\n\t nop\n");
VU_CALL3("ta 0x6d", "g1", "o0", "o1", "o2")
#else
__asm__(".globl _start\n_start:\n\tcall vu_unpack\n\t sub %sp, 96, %sp\n\tadd %sp, 96, %sp\n"
        "\tmov 0, %g1\n\tjmp %o0\n\t nop\n");
VU_CALL3("ta 0x10", "g1", "o0", "o1", "o2")
#endif
#define NR_MPROTECT 74
static void vu_synchronise(unsigned char *from, unsigned char *to)
{
    /* The SPARC Architecture Manual V9, A.20: a doubleword at a time. */
    for (from = (unsigned char *)((unsigned long)from & ~7ul); from < to; from += 8) {
        __asm__ __volatile__("flush %0" : : "r"(from) : "memory");
    }
}

#elif defined(__m68k__)

__asm__(".globl _start\n_start:\n\tmove.l %sp, %a2\n\tjsr vu_unpack\n\tmove.l %a2, %sp\n"
        "\tmove.l %d0, %a0\n\tsub.l %a1, %a1\n\tjmp (%a0)\n");
static void call4(long number, long a, long b, long c, long d)
{
    register long what __asm__("d0") = number;
    register long first __asm__("d1") = a;
    register long second __asm__("d2") = b;
    register long third __asm__("d3") = c;
    register long fourth __asm__("d4") = d;
    __asm__ __volatile__("trap #0"
                         : "+d"(what)
                         : "d"(first), "d"(second), "d"(third), "d"(fourth)
                         : "memory");
}
#define call3(number, a, b, c) call4(number, a, b, c, 0)
#define NR_MPROTECT 125
/* cacheflush of all lines in a range (1), both caches (3); arch/m68k/include/uapi/asm/cachectl.h. */
#define vu_synchronise(from, to) call4(123, (long)(from), 1, 3, (long)((to) - (from)))

#elif defined(__s390x__)

__asm__(".globl _start\n_start:\n\tlgr %r8, %r15\n\taghi %r15, -160\n\tbrasl %r14, vu_unpack\n"
        "\tlgr %r15, %r8\n\tlghi %r14, 0\n\tbr %r2\n");
VU_CALL3("svc 0", "r1", "r2", "r3", "r4")
#define NR_MPROTECT 125
#define vu_synchronise(from, to) ((void)0)

#elif defined(__alpha__)

__asm__(".globl _start\n.ent _start\n_start:\n\t.frame $15, 0, $26\n\tbr $27, 1f\n1:\tldgp $29, 0($27)\n"
        "\tmov $30, $9\n\tlda $1, -16\n\tand $30, $1, $30\n\tjsr $26, vu_unpack\n\tmov $9, $30\n"
        "\tmov $0, $27\n\tmov $31, $0\n\tjmp $31, ($27), 0\n.end _start\n");
static void call3(long number, long a, long b, long c)
{
    register long what __asm__("$0") = number;
    register long first __asm__("$16") = a;
    register long second __asm__("$17") = b;
    register long third __asm__("$18") = c;
    register long failed __asm__("$19");
    __asm__ __volatile__("call_pal 0x83"
                         : "+r"(what), "+r"(first), "+r"(second), "+r"(third), "=r"(failed)
                         :
                         : "$1", "$2", "$3", "$4", "$5", "$6", "$7", "$8", "$20", "$21", "$22", "$23",
                           "$24", "$25", "$27", "$28", "memory");
}
#define NR_MPROTECT 74
/* Alpha Architecture Handbook, "call_pal imb" (0x86): instructions are fetched anew. */
#define vu_synchronise(from, to) __asm__ __volatile__("call_pal 0x86" : : : "memory")

#elif defined(__hppa__)

/* The stack grows upwards. The program finds its arguments by %r24 and %r25, which are kept. */
__asm__(".globl _start\n.type _start, @function\n_start:\n\t.import $global$, data\n"
        "\tldil L'$global$, %r27\n\tldo R'$global$(%r27), %r27\n\tcopy %r30, %r3\n\tcopy %r24, %r4\n"
        "\tcopy %r25, %r5\n\tbl vu_unpack, %r2\n\tldo 128(%r30), %r30\n\tcopy %r3, %r30\n"
        "\tcopy %r4, %r24\n\tcopy %r5, %r25\n\tbv %r0(%r28)\n\tcopy %r0, %r23\n");
static void call3(long number, long a, long b, long c)
{
    register long what __asm__("r20") = number;
    register long first __asm__("r26") = a;
    register long second __asm__("r25") = b;
    register long third __asm__("r24") = c;
    register long result __asm__("r28");
    __asm__ __volatile__("ble 0x100(%%sr2, %%r0)\n\tnop"
                         : "=r"(result), "+r"(what), "+r"(first), "+r"(second), "+r"(third)
                         :
                         : "r1", "r2", "r21", "r22", "r23", "r29", "r31", "memory");
}
#define NR_MPROTECT 125
static void vu_synchronise(unsigned char *from, unsigned char *to)
{
    /* PA-RISC 1.1 Architecture and Instruction Set Reference, FDC and FIC: lines of 16 bytes are the
     * shortest that there are. */
    unsigned char *at;
    for (at = (unsigned char *)((unsigned long)from & ~15ul); at < to; at += 16) {
        __asm__ __volatile__("fdc %%r0(%0)" : : "r"(at) : "memory");
    }
    __asm__ __volatile__("sync" : : : "memory");
    for (at = (unsigned char *)((unsigned long)from & ~15ul); at < to; at += 16) {
        __asm__ __volatile__("fic %%r0(%%sr0, %0)" : : "r"(at) : "memory");
    }
    __asm__ __volatile__("sync\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop" : : : "memory");
}

#elif defined(__sh__)

__asm__(".globl _start\n_start:\n\tmov r15, r8\n\tmov.l 1f, r0\n\tjsr @r0\n\tnop\n\tmov r8, r15\n"
        "\tjmp @r0\n\tmov #0, r4\n\t.align 2\n1:\t.long vu_unpack\n");
static void call3(long number, long a, long b, long c)
{
    register long what __asm__("r3") = number;
    register long first __asm__("r4") = a;
    register long second __asm__("r5") = b;
    register long third __asm__("r6") = c;
    register long result __asm__("r0");
    /* The empty instructions are for SH-4s that execute on while they trap (glibc, SYSCALL_INST_PAD). */
    __asm__ __volatile__("trapa #0x13\n\tor r0, r0\n\tor r0, r0\n\tor r0, r0\n\tor r0, r0\n\tor r0, r0"
                         : "=z"(result)
                         : "r"(what), "r"(first), "r"(second), "r"(third)
                         : "t", "memory");
}
#define NR_MPROTECT 125
/* cacheflush: data written back (2), instructions forgotten (4); arch/sh/include/uapi/asm/cachectl.h. */
#define vu_synchronise(from, to) call3(123, (long)(from), (long)((to) - (from)), 2 | 4)

#else
#error "an architecture whose start is not written yet"
#endif

#ifdef VU_POWERPC
static void call3(long number, long a, long b, long c)
{
    register long what __asm__("r0") = number;
    register long first __asm__("r3") = a;
    register long second __asm__("r4") = b;
    register long third __asm__("r5") = c;
    __asm__ __volatile__("sc"
                         : "+r"(what), "+r"(first), "+r"(second), "+r"(third)
                         :
                         : "cr0", "ctr", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "memory");
}
#define NR_MPROTECT 125
static void vu_synchronise(unsigned char *from, unsigned char *to)
{
    /* Power ISA book II, 1.8: lines of 16 bytes are the shortest that there are (403); a longer one is
     * named several times, which does no harm. */
    unsigned char *at;
    for (at = (unsigned char *)((unsigned long)from & ~15ul); at < to; at += 16) {
        __asm__ __volatile__("dcbst 0, %0" : : "r"(at) : "memory");
    }
    __asm__ __volatile__("sync" : : : "memory");
    for (at = (unsigned char *)((unsigned long)from & ~15ul); at < to; at += 16) {
        __asm__ __volatile__("icbi 0, %0" : : "r"(at) : "memory");
    }
    __asm__ __volatile__("sync\n\tisync" : : : "memory");
}
#endif

#endif
