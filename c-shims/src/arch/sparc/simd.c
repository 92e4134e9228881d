/*
 * VIS: a vector of 16 bytes is two double registers, and an operation is one instruction for each.
 *
 * References: Sun, "VIS Instruction Set User's Manual": FXOR, FPADD32, FALIGNDATA (takes eight bytes
 * from the middle of two registers, so that rotating by a word is two of them), BMASK and BSHUFFLE
 * (VIS 2: eight bytes of two registers by eight nibbles of GSR.mask, the highest first). VIS has no
 * binary32 arithmetic, and no product of 16-bit numbers in one instruction: absent.
 *
 * Lane i is in %f(2i) and %f(16 + 2i); shuffles go to and fro between these and the same 32 higher,
 * two operations a step. Elsewhere %f32 and %f34 hold the operand.
 */
#ifdef __sparc_v9__

#define VG_OPF_BMASK "0x19"
#define VG_OPF_FALIGNDATA "0x48"
#define VG_OPF_BSHUFFLE "0x4c"
#define VG_OPF_FPADD32 "0x52"
#define VG_OPF_FXOR "0x6c"

/* Words, aligned for double registers. */
union vg_vis_words {
    double number;
    vg_u32 word[2];
};

/* GSR.align, bytes that FALIGNDATA skips: one word. */
#define VG_ALIGN_WORD 4

/* The masks for both registers are in %o4 and %o5, numbers 12 and 13. */
#define VG_MASKED(s, d) \
    "ris " VG_OPF_BMASK ",0,12,0\n\t" \
    "vis " VG_OPF_BSHUFFLE "," s "," s "+16," d "\n\t" \
    "ris " VG_OPF_BMASK ",0,13,0\n\t" \
    "vis " VG_OPF_BSHUFFLE "," s "," s "+16," d "+16\n\t"

#define VG_ROTATED(s, d) \
    "vis " VG_OPF_FALIGNDATA "," s "," s "+16," d "\n\t" \
    "vis " VG_OPF_FALIGNDATA "," s "+16," s "," d "+16\n\t"

#define VG_BOTH(opf) \
    "vis " opf ",\\r,32,\\r\n\t" \
    "vis " opf ",\\r+16,34,\\r+16\n\t"

#define VG_LANE_REGISTERS ".irp r,0,2,4,6,8,10,12,14\n\t"
#define VG_HIGH_REGISTERS ".irp r,16,18,20,22,24,26,28,30\n\t"

/* Registers that hold lanes. */
#define VG_FLOATS \
    "f0", "f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9", "f10", "f11", "f12", "f13", "f14", \
    "f15", "f16", "f17", "f18", "f19", "f20", "f21", "f22", "f23", "f24", "f25", "f26", "f27", \
    "f28", "f29", "f30", "f31"

/* Everything but the body: loads, the loop and stores. */
#define VG_RUN(used, steps, body) \
    { \
        register vg_u32 first __asm__("o4") = mask[0]; \
        register vg_u32 second __asm__("o5") = mask[1]; \
        __asm__ __volatile__( \
            VG_VIS_BEGIN \
            VG_LANE_REGISTERS "ldd [%1+8*\\r],%%f\\r\n\t.endr\n\t" \
            VG_HIGH_REGISTERS "ldd [%1+8*\\r-120],%%f\\r\n\t.endr\n\t" \
            "ldd [%2],%%f32\n\tldd [%2+8],%%f34\n" \
            "1:\n\t.rept " steps "\n\t" \
            VG_LANE_REGISTERS ".if \\r<2*" used "\n\t" body ".endif\n\t.endr\n\t" \
            ".endr\n\tsubcc %0,1,%0\n\tbne 1b\n\tnop\n\t" \
            VG_LANE_REGISTERS "std %%f\\r,[%1+8*\\r]\n\t.endr\n\t" \
            VG_HIGH_REGISTERS "std %%f\\r,[%1+8*\\r-120]\n\t.endr" \
            VG_VIS_END \
            : "+r"(n) \
            : "r"(lanes), "r"(operand), "r"(first), "r"(second) \
            : "memory", "cc", VG_FLOATS, "f32", "f34", "f36", "f38", "f40", "f42", "f44", "f46", \
              "f48", "f50", "f52", "f54", "f56", "f58", "f60", "f62"); \
    }

#define VG_CHAINS(body, dependent1, dependent2, independent1, independent2) \
    if (shape == VG_DEPENDENT) { \
        if (size == VG_SINGLE) { \
            VG_RUN("1", dependent1, body) \
        } else { \
            VG_RUN("1", dependent2, body) \
        } \
    } else if (size == VG_SINGLE) { \
        VG_RUN("8", independent1, body) \
    } else { \
        VG_RUN("8", independent2, body) \
    }

/* One operation a step, two operations a step. */
#define VG_ONE(body) VG_CHAINS(body, "48", "96", "6", "12")
#define VG_TWO(body) VG_CHAINS(body, "24", "48", "3", "6")

/* Byte i of a vector is, in the order of the registers' bytes, byte i ^ 3: words are stored high byte
 * first. Nibbles of GSR.mask stand in the order of the result's bytes. */
static vg_u32 vg_byte_mask(const unsigned char *control)
{
    vg_u32 mask = 0;
    int i;
    for (i = 0; i < 8; i++) {
        mask = mask << 4 | (control[i ^ 3] ^ 3u);
    }
    return mask;
}

int vg_vector_unit(void) { return vg_vis(1); }

int vg_vector(int op, int shape, int size, vg_u32 n, vg_u32 *v, const vg_u32 *a,
              const unsigned char *control)
{
    union vg_vis_words lanes[2 * VG_FP_LANES], operand[2];
    vg_u32 mask[2];
    int i;
    if (!vg_vis(1) || (op == 18 && !vg_vis(2))) {
        return 0;
    }
    for (i = 0; i < 4 * VG_FP_LANES; i++) {
        lanes[i / 2].word[i % 2] = v[i];
    }
    mask[0] = vg_byte_mask(control);
    mask[1] = vg_byte_mask(control + 8);
    for (i = 0; i < 4; i++) {
        operand[i / 2].word[i % 2] = a[i];
    }
    switch (op) {
    case 16:
        VG_ONE(VG_BOTH(VG_OPF_FXOR))
        break;
    case 17:
        __asm__ __volatile__("wr %%g0, %0, %%asr19" : : "i"(VG_ALIGN_WORD));
        VG_TWO(VG_ROTATED("\\r", "\\r+32") VG_ROTATED("\\r+32", "\\r"))
        break;
    case 18:
        VG_TWO(VG_MASKED("\\r", "\\r+32") VG_MASKED("\\r+32", "\\r"))
        break;
    case 19:
        VG_ONE(VG_BOTH(VG_OPF_FPADD32))
        break;
    default:
        return 0;
    }
    for (i = 0; i < 4 * VG_FP_LANES; i++) {
        v[i] = lanes[i / 2].word[i % 2];
    }
    return 1;
}

#else
#include "../none/simd.c"
#endif
