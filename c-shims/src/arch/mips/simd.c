/*
 * MSA, the 128-bit unit of release 5 and later cores, where the kernel says that it is there.
 *
 * References: MIPS Architecture volume IV-j (MSA): XOR.V, SHF.W, VSHF.B (its control is the
 * destination, hence a copy), ADDV.W, DOTP_S.W, FADD.W, FMUL.W, FMADD.W (fused, adds to its
 * destination, hence a copy), CFCMSA; "Data Layout": element i of LD.W is word i in memory, and byte i
 * of a register the i-th from its low end. Linux, arch/mips/include/uapi/asm/hwcap.h.
 *
 * Lane i is in $w(i); operations that need a copy go to and fro between these and $w(8 + i), two
 * operations a step. $w16 holds the operand, $w17 -1.0.
 */
#define VG_HWCAP_MSA 2ul

/* MSA's registers are those of the floating-point unit, which must hold 64 bits each: 32-bit programs
 * may run with 32. Then a double's high half is the next odd register. */
#if defined(__mips_hard_float) && (VG_RELEASE >= 2 || defined(__mips64))
#define VG_HAS_MSA 1
#else
#define VG_HAS_MSA 0
#endif

#if VG_HAS_MSA

#define VG_MSA_BEGIN ".set push\n\t.set noreorder\n\t" VG_MSA_ARCH "\n\t.set msa\n\t"
#if VG_RELEASE >= 6
#define VG_MSA_ARCH ""
#elif defined(__mips64)
#define VG_MSA_ARCH ".set mips64r5"
#else
#define VG_MSA_ARCH ".set mips32r5\n\t.set fp=64"
#endif
#define VG_MSA_END "\n\t.set pop"

/* Whether floating-point registers have 64 bits each. */
static int vg_wide_registers(void)
{
#ifdef __mips64
    return 1;
#else
    vg_u32 odd;
    __asm__ __volatile__(
        ".set push\n\t.set mips32r2\n\t.set fp=64\n\t.set oddspreg\n\t"
        "mtc1 $0, $f1\n\tmtc1 $0, $f0\n\tmthc1 %1, $f0\n\tmfc1 %0, $f1\n\t.set pop"
        : "=r"(odd)
        : "r"(1)
        : "$f0", "$f1");
    return odd == 0;
#endif
}

static int vg_msa(void) { return (VG_AUXVAL(VG_AT_HWCAP) & VG_HWCAP_MSA) != 0 && vg_wide_registers(); }

static vg_u32 vg_msa_version(void)
{
    vg_u32 version = 0;
    if (vg_msa()) {
        __asm__ __volatile__(VG_MSA_BEGIN "cfcmsa %0, $0" VG_MSA_END : "=r"(version));
    }
    return version;
}

int vg_vector_unit(void) { return vg_msa(); }

#define VG_LANE_REGISTERS ".irp r,0,1,2,3,4,5,6,7\n\t"

/* Everything but the body: loads, the loop and stores. */
#define VG_RUN(begin, steps, body, end) \
    __asm__ __volatile__( \
        VG_MSA_BEGIN begin \
        VG_LANE_REGISTERS "ld.w $w\\r, 16*\\r(%1)\n\t.endr\n\t" \
        "ld.w $w16, 0(%2)\n\tld.w $w17, 16(%2)\n" \
        "1:\n\t.rept " steps "\n\t" body ".endr\n\t" \
        "addiu %0, %0, -1\n\tbne %0, $0, 1b\n\tnop\n\t" \
        VG_LANE_REGISTERS "st.w $w\\r, 16*\\r(%1)\n\t.endr\n\t" end VG_MSA_END \
        : "+r"(n) \
        : "r"(v), "r"(operand) \
        : "memory", "$f0", "$f1", "$f2", "$f3", "$f4", "$f5", "$f6", "$f7", "$f8", "$f9", "$f10", \
          "$f11", "$f12", "$f13", "$f14", "$f15", "$f16", "$f17");

/* A line of one operation for the lanes that are used. */
#define VG_ONE_LANE(line) ".irp r,0\n\t" line "\n\t.endr\n\t"
#define VG_ALL_LANES(line) VG_LANE_REGISTERS line "\n\t.endr\n\t"

/* ".macro copied from, to": a copy of $w16 in "to", and there "op" with the lane "from" and "last". */
#define VG_COPIED_BEGIN(op, last) \
    ".macro copied from,to\n\tmove.v $w\\to, $w16\n\t" op " $w\\to, $w\\from, $w" last "\n\t.endm\n\t"
#define VG_COPIED_END "\n\t.purgem copied\n\t"

/* To the copies and back. */
#define VG_ONE_PAIR "copied 0,8\n\tcopied 8,0\n\t"
#define VG_ALL_PAIRS \
    "copied 0,8\n\tcopied 1,9\n\tcopied 2,10\n\tcopied 3,11\n\t" \
    "copied 4,12\n\tcopied 5,13\n\tcopied 6,14\n\tcopied 7,15\n\t" \
    "copied 8,0\n\tcopied 9,1\n\tcopied 10,2\n\tcopied 11,3\n\t" \
    "copied 12,4\n\tcopied 13,5\n\tcopied 14,6\n\tcopied 15,7\n\t"

#define VG_CHAINS(begin, one, all, end, single, twice, singles, twices) \
    if (shape == VG_DEPENDENT) { \
        if (size == VG_SINGLE) { \
            VG_RUN(begin, single, one, end) \
        } else { \
            VG_RUN(begin, twice, one, end) \
        } \
    } else if (size == VG_SINGLE) { \
        VG_RUN(begin, singles, all, end) \
    } else { \
        VG_RUN(begin, twices, all, end) \
    }

/* One operation a step, two operations a step. */
#define VG_PLAIN(line) \
    VG_CHAINS("", VG_ONE_LANE(line), VG_ALL_LANES(line), "", "48", "96", "6", "12")
#define VG_COPIED(op, last) \
    VG_CHAINS(VG_COPIED_BEGIN(op, last), VG_ONE_PAIR, VG_ALL_PAIRS, VG_COPIED_END, \
              "24", "48", "3", "6")

#define VG_MINUS_ONE 0xbf800000u

int vg_vector(int op, int shape, int size, vg_u32 n, vg_u32 *v, const vg_u32 *a,
              const unsigned char *control)
{
    vg_u32 operand[8];
    int i;
    if (!vg_msa()) {
        return 0;
    }
    for (i = 0; i < 4; i++) {
        operand[i] = a[i];
        operand[4 + i] = VG_MINUS_ONE;
    }
    switch (op) {
    case 16:
        VG_PLAIN("xor.v $w\\r, $w\\r, $w16")
        break;
    case 17:
        VG_PLAIN("shf.w $w\\r, $w\\r, 0x39")
        break;
    case 18:
        /* Loaded as words: byte i of a register is byte i of the words in little-endian order. */
        for (i = 0; i < 4; i++) {
            operand[i] = control[4 * i] | (vg_u32)control[4 * i + 1] << 8 |
                              (vg_u32)control[4 * i + 2] << 16 | (vg_u32)control[4 * i + 3] << 24;
        }
        VG_COPIED("vshf.b", "\\from")
        break;
    case 19:
        VG_PLAIN("addv.w $w\\r, $w\\r, $w16")
        break;
    case 20:
        VG_PLAIN("dotp_s.w $w\\r, $w\\r, $w16")
        break;
    case 21:
        VG_PLAIN("fadd.w $w\\r, $w\\r, $w16")
        break;
    case 22:
        VG_PLAIN("fmul.w $w\\r, $w\\r, $w17")
        break;
    case 23:
        VG_COPIED("fmadd.w", "17")
        break;
    default:
        return 0;
    }
    return 1;
}

#else

static vg_u32 vg_msa_version(void) { return 0; }

#include "../none/simd.c"

#endif
