/*
 * Value probes: what each computes is said in probe_core::channels::quirks::mips.
 *
 * References: MIPS32 and MIPS64 Architecture volume I ("FCSR", "Underflow"), volume II ("DIV", "MUL",
 * "MADD.fmt", "RECIP.fmt", "RSQRT.fmt", "LL", "SC", "LWL", "SRA"); MIPS R4000 User's Manual, chapters 6 and 7.
 * No floating-point exception is enabled, and none of the integer instructions here traps.
 */
union vg_binary64 {
    double number;
    vg_u32 word[2];
};

/* Index of the word with sign and exponent. */
#ifdef __MIPSEL__
#define VG_HIGH 1
#else
#define VG_HIGH 0
#endif

#ifdef __mips_hard_float

/* FCSR: enables and causes of exceptions, flush to zero, rounding up and down. */
#define VG_FCSR_EXCEPTIONS 0x0003ff80u
#define VG_FCSR_FLUSH 0x01000000u
#define VG_FCSR_UP 2u
#define VG_FCSR_DOWN 3u

/* The quiet NaN with a drawn payload: older processors have the quiet bit the other way round. */
#ifdef __mips_nan2008
#define VG_QUIET(word) (((word) & 0x8007ffffu) | 0x7ff80000u)
#else
#define VG_QUIET(word) (((word) & 0x8007ffffu) | 0x7ff00001u)
#endif

static double vg_number(vg_u32 high, vg_u32 low)
{
    union vg_binary64 bits;
    bits.word[VG_HIGH] = high;
    bits.word[!VG_HIGH] = low;
    return bits.number;
}

static void vg_words(double number, vg_u32 *words)
{
    union vg_binary64 bits;
    bits.number = number;
    words[0] = bits.word[VG_HIGH];
    words[1] = bits.word[!VG_HIGH];
}

#define VG_GET_FCSR(value) __asm__ __volatile__("cfc1 %0, $31" : "=r"(value))
#define VG_SET_FCSR(value) __asm__ __volatile__("ctc1 %0, $31" : : "r"(value))

/* x * y under an FCSR with these bits; answers the product and what is left in FCSR. */
static void vg_product(double x, double y, vg_u32 bits, vg_u32 *answer)
{
    vg_u32 kept, left;
    double result;
    VG_GET_FCSR(kept);
    __asm__ __volatile__("ctc1 %2, $31\n\tmul.d %0, %3, %4\n\tcfc1 %1, $31\n\tctc1 %5, $31"
                         : "=&f"(result), "=&r"(left)
                         : "r"(bits), "f"(x), "f"(y), "r"(kept));
    vg_words(result, answer);
    answer[2] = left;
}

static int vg_float_quirk(vg_u32 probe, vg_u32 a, vg_u32 b, vg_u32 *answer)
{
    double x = vg_number(VG_QUIET(a), b), y = vg_number(VG_QUIET(b), a), z;
    vg_u32 kept;
    union {
        float number;
        vg_u32 word;
    } single;
    switch (probe) {
    case 173: { /* fcsr */
        vg_u32 left;
        VG_GET_FCSR(kept);
        __asm__ __volatile__("ctc1 %1, $31\n\tcfc1 %0, $31\n\tctc1 %2, $31"
                             : "=&r"(left)
                             : "r"(a & ~VG_FCSR_EXCEPTIONS), "r"(kept));
        answer[0] = left;
        return 1;
    }
    case 174: /* flush: 2^-600 by 2^-500, away from zero */
        x = vg_number((a & 0x800fffffu) | 0x1a700000u, b);
        y = vg_number(0x20b00000u, a);
        vg_product(x, y, VG_FCSR_FLUSH | (a >> 31 ? VG_FCSR_DOWN : VG_FCSR_UP), answer);
        return 1;
    case 175: /* flush_operand */
        vg_product(vg_number((a & 0x800fffffu) | 1u, b), 1.0, VG_FCSR_FLUSH, answer);
        return 1;
    case 176: { /* tiny: (1 + k * 2^-52) * 2^-511 by (1 - k * 2^-52) * 2^-511 */
        vg_u32 k = (a & 0xffffffu) | 1u;
        vg_product(vg_number(0x20000000u, k), vg_number(0x1fffffffu, 0u - 2u * k), 0, answer);
        return 1;
    }
    case 177: /* nan */
        __asm__ __volatile__("add.d %0, %1, %2" : "=f"(z) : "f"(x), "f"(y));
        vg_words(z, answer);
        x = vg_number(0, 0);
        __asm__ __volatile__("div.d %0, %1, %1" : "=f"(z) : "f"(x));
        vg_words(z, answer + 2);
        return 1;
    case 178: /* nan_sign */
        __asm__ __volatile__("neg.d %0, %1" : "=f"(z) : "f"(x));
        vg_words(z, answer);
        __asm__ __volatile__("abs.d %0, %1" : "=f"(z) : "f"(y));
        vg_words(z, answer + 2);
        return 1;
    case 179: /* cvt_w */
        __asm__ __volatile__("cvt.w.d %0, %1" : "=f"(single.number) : "f"(x));
        answer[0] = single.word;
        x = vg_number((a & 0x800fffffu) | 0x42000000u, b);
        __asm__ __volatile__("cvt.w.d %0, %1" : "=f"(single.number) : "f"(x));
        answer[1] = single.word;
        return 1;
#if VG_RELEASE >= 2 || __mips == 64 || __mips == 4
    case 180: /* recip */
        single.word = a;
        x = (double)single.number;
        __asm__ __volatile__("recip.d %0, %1" : "=f"(z) : "f"(x));
        vg_words(z, answer);
        __asm__ __volatile__("rsqrt.d %0, %1" : "=f"(z) : "f"(x));
        vg_words(z, answer + 2);
        return 1;
#endif
#if VG_RELEASE >= 2 && VG_RELEASE < 6
    case 181: /* madd */
        x = vg_number((a & 0xfffffu) | 0x3ff00000u, b);
        y = vg_number((b & 0xfffffu) | 0x3ff00000u, a);
        __asm__ __volatile__("mul.d %0, %1, %2\n\tneg.d %0, %0\n\tmadd.d %0, %0, %1, %2"
                             : "=&f"(z)
                             : "f"(x), "f"(y));
        vg_words(z, answer);
        return 1;
#endif
    default:
        return 0;
    }
}

#endif

static int vg_integer_quirk(vg_u32 probe, vg_u32 a, vg_u32 b, vg_u32 *answer)
{
    switch (probe) {
#if VG_RELEASE < 6
    case 170: /* div_zero: $0 as destination keeps the assembler from adding a trap */
        __asm__ __volatile__("div $0, %2, %3\n\tmflo %0\n\tmfhi %1"
                             : "=&r"(answer[0]), "=&r"(answer[1])
                             : "r"(a), "r"(0)
                             : "hi", "lo");
        return 1;
    case 171: /* divu_zero */
        __asm__ __volatile__("divu $0, %2, %3\n\tmflo %0\n\tmfhi %1"
                             : "=&r"(answer[0]), "=&r"(answer[1])
                             : "r"(a), "r"(0)
                             : "hi", "lo");
        return 1;
    case 172: /* div_least */
        __asm__ __volatile__("div $0, %2, %3\n\tmflo %0\n\tmfhi %1"
                             : "=&r"(answer[0]), "=&r"(answer[1])
                             : "r"((int)0x80000000u), "r"(-1)
                             : "hi", "lo");
        return 1;
#if VG_RELEASE >= 1
    case 182: /* mul */
        __asm__ __volatile__("mthi %3\n\tmtlo %4\n\tmul %0, %3, %4\n\tmflo %1\n\tmfhi %2"
                             : "=&r"(answer[0]), "=&r"(answer[1]), "=&r"(answer[2])
                             : "r"(a), "r"(b)
                             : "hi", "lo");
        return 1;
#endif
    case 185: { /* lwl */
        vg_u32 word[3];
        word[0] = a;
        word[1] = b;
        word[2] = a ^ b;
        answer[0] = b;
        answer[1] = a;
        __asm__ __volatile__("lwl %0, 0(%2)\n\tlwr %1, 0(%2)\n\tnop"
                             : "+&r"(answer[0]), "+&r"(answer[1])
                             : "r"((const char *)word + 4 + (a & 3u))
                             : "memory");
        return 1;
    }
#endif
#if __mips >= 2
    case 183: { /* ll_sc: a store of its own to the word between */
        volatile vg_u32 word[2];
        vg_u32 done = b, loaded;
        word[0] = a;
        word[1] = b;
        __asm__ __volatile__("ll %1, 0(%2)\n\tsw %3, 0(%2)\n\tsc %0, 0(%2)"
                             : "+&r"(done), "=&r"(loaded)
                             : "r"(word), "r"(~a)
                             : "memory");
        answer[0] = done;
        answer[1] = word[0];
        /* And to the word beside it. */
        done = b;
        __asm__ __volatile__("ll %1, 0(%2)\n\tsc %0, 4(%2)"
                             : "+&r"(done), "=&r"(loaded)
                             : "r"(word)
                             : "memory");
        answer[2] = done;
        return 1;
    }
#endif
#if VG_HAS_RDHWR
    case 184: /* cc */
        answer[0] = vg_counter_over_loop();
        VG_RDHWR(answer[1], VG_CC_RESOLUTION);
        return 1;
#endif
#if defined(__mips64)
    case 186: { /* sra: numbers that are not sign-extended */
        unsigned long number = (unsigned long)a << 32 | b, result;
        __asm__ __volatile__("srav %0, %1, %2" : "=r"(result) : "r"(number), "r"(a >> 27));
        answer[0] = (vg_u32)(result >> 32);
        answer[1] = (vg_u32)result;
        __asm__ __volatile__("addu %0, %1, %2" : "=r"(result) : "r"(number), "r"(number));
        answer[2] = (vg_u32)(result >> 32);
        answer[3] = (vg_u32)result;
        return 1;
    }
#endif
    default:
        return 0;
    }
}

int vg_quirk(vg_u32 probe, vg_u32 a, vg_u32 b, vg_u32 *answer)
{
    int i;
    for (i = 0; i < VG_QUIRK_WORDS; i++) {
        answer[i] = 0;
    }
#ifdef __mips_hard_float
    if (vg_float_quirk(probe, a, b, answer)) {
        return 1;
    }
#endif
    return vg_integer_quirk(probe, a, b, answer);
}
