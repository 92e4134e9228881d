/*
 * Value probes 200 to 213: probe_core::channels::quirks::m68k says what each computes.
 *
 * References:
 * - M68000 Family Programmer's Reference Manual: undefined condition codes (flags.c), MOVEM.
 * - MC68881/MC68882 User's Manual: FMOVECR (offsets that the manual reserves hold constants of the
 *   microcode), FSIN, FETOX, FLOGN, FATAN.
 * - MC68040 User's Manual, section 9, MC68060 User's Manual, appendix C: FMOVECR and the
 *   transcendental functions trap there, to a software package of the operating system.
 *
 * So FMOVECR and the functions run only where the processor has them or the system is known to
 * bring the package: on a 68040 or 68060 without it they would end the program.
 */

/* Systems that bring the package: they could not run their own programs without. */
#if defined(__linux__) || defined(__NetBSD__) || defined(__OpenBSD__) || defined(__amigaos__)
#define VG_FPSP 1
#else
#define VG_FPSP 0
#endif

#if VG_M68020
/*
 * The address register that MOVEM stores while it counts down with it: how far below its
 * start. 68000 and 68010 store the start.
 */
static vg_u32 vg_movem_self(void)
{
    vg_u32 stored[2];
    vg_u32 *top = stored + 2;
    register vg_u32 *at __asm__("a0") = top;
    __asm__ __volatile__("movem%.l %%d0/%%a0,-(%%a0)" : "+a"(at) : : "memory");
    (void)at;
    return (vg_u32)top - stored[1];
}
#endif

#if VG_M68881
/* FPCR of the probes: extended precision, to nearest, no traps. */
#define VG_FPCR_EXTENDED 0x00ul
/* The two bits of FPCR that are the rounding mode. */
#define VG_FPCR_MODE_SHIFT 4

/* An instruction that leaves its result in fp0; the operand is at %2. Stores FPSR and the 96 bits. */
#define VG_INTO_FP0(instruction) \
    __asm__ __volatile__("fmove%.l %4,%!\n\tfmove%.l %5,%%fpsr\n\t" instruction \
                         "\n\tfmove%.l %%fpsr,%0\n\tfmovem%.x %%fp0,%1\n\tfmove%.l %3,%!" \
                         : "=&d"(status), "=m"(*extended) \
                         : "m"(*operand), "d"(kept), "d"(control), "d"(0ul) \
                         : "fp0");

struct vg_extended {
    vg_u32 word[3];
};

/* fmovecr #slot,fp0, which assemblers refuse for the reserved slots. */
#define VG_FMOVECR(slot) \
    case slot: VG_INTO_FP0(".word 0xf200,0x5c00+" #slot) break;

/* The constants whose last bit depends on the rounding mode: pi, log10(2), e, log2(e), ln(2),
 * ln(10), 10^32 and on to 10^2048. */
static const unsigned char vg_rom_slots[] = {0x00, 0x0b, 0x0c, 0x0d, 0x30, 0x31, 0x38,
                                             0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e};
/* Slots that the manual reserves: ten with contents of their own, and two of the others. */
static const unsigned char vg_reserved_slots[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06,
                                                  0x07, 0x08, 0x09, 0x0a, 0x10, 0x2a};

/* Functions, for vg_floating. Below them the slots of FMOVECR. */
#define VG_FSIN 0x80
#define VG_FETOX 0x81
#define VG_FLOGN 0x82
#define VG_FATAN 0x83
#define VG_FDIV 0x84

/* Runs one instruction on an operand; gives FPSR. */
static vg_u32 vg_floating(int what, unsigned long control, const double *operand,
                          struct vg_extended *extended)
{
    unsigned long status = 0;
    unsigned long kept = vg_fpcr(VG_FPCR_EXTENDED);
    switch (what) {
        VG_FMOVECR(0x00)
        VG_FMOVECR(0x01)
        VG_FMOVECR(0x02)
        VG_FMOVECR(0x03)
        VG_FMOVECR(0x04)
        VG_FMOVECR(0x05)
        VG_FMOVECR(0x06)
        VG_FMOVECR(0x07)
        VG_FMOVECR(0x08)
        VG_FMOVECR(0x09)
        VG_FMOVECR(0x0a)
        VG_FMOVECR(0x0b)
        VG_FMOVECR(0x0c)
        VG_FMOVECR(0x0d)
        VG_FMOVECR(0x10)
        VG_FMOVECR(0x2a)
        VG_FMOVECR(0x30)
        VG_FMOVECR(0x31)
        VG_FMOVECR(0x38)
        VG_FMOVECR(0x39)
        VG_FMOVECR(0x3a)
        VG_FMOVECR(0x3b)
        VG_FMOVECR(0x3c)
        VG_FMOVECR(0x3d)
        VG_FMOVECR(0x3e)
    case VG_FSIN: VG_INTO_FP0("fsin%.d %2,%%fp0") break;
    case VG_FETOX: VG_INTO_FP0("fetox%.d %2,%%fp0") break;
    case VG_FLOGN: VG_INTO_FP0("flogn%.d %2,%%fp0") break;
    case VG_FATAN: VG_INTO_FP0("fatan%.d %2,%%fp0") break;
    default:
        /* 0 / 0; fdiv is in hardware everywhere. */
        VG_INTO_FP0("fmove%.d %2,%%fp0\n\tfdiv%.d %2,%%fp0")
        break;
    }
    return (vg_u32)status;
}

/* Whether FMOVECR and the functions do not end the program. */
static int vg_has_functions(void)
{
    vg_u32 divu = vg_divu_overflow((vg_u32)1 << 31, 0);
    return VG_FPSP || vg_generation(divu, vg_chk_inside(2, 1)) == 68020;
}

static double vg_from_binary32(vg_u32 bits)
{
    union {
        vg_u32 bits;
        float number;
    } value;
    value.bits = bits;
    return value.number;
}

/* The FPU's probes, 207 to 213. */
static int vg_fpu_quirk(vg_u32 probe, vg_u32 a, vg_u32 b, vg_u32 *answer)
{
    /* 2^-31 */
    static const double scale = 1.0 / 2147483648.0;
    struct vg_extended extended;
    unsigned long control = VG_FPCR_EXTENDED;
    double operand = 0.0;
    int what;
    if (probe != 213 && !vg_has_functions()) {
        return 0;
    }
    switch (probe) {
    case 207:
        what = vg_rom_slots[a % sizeof vg_rom_slots];
        control = (b & 3) << VG_FPCR_MODE_SHIFT;
        break;
    case 208: what = vg_reserved_slots[a % sizeof vg_reserved_slots]; break;
    case 209:
        what = VG_FSIN;
        operand = vg_from_binary32(a);
        break;
    case 210:
        what = VG_FETOX;
        operand = (double)(long)a * scale;
        break;
    case 211:
        what = VG_FLOGN;
        operand = vg_from_binary32(a);
        break;
    case 212:
        what = VG_FATAN;
        operand = vg_from_binary32(a);
        break;
    case 213: what = VG_FDIV; break;
    default: return 0;
    }
    answer[3] = vg_floating(what, control, &operand, &extended);
    answer[0] = extended.word[0];
    answer[1] = extended.word[1];
    answer[2] = extended.word[2];
    return 1;
}
#endif

int vg_quirk(vg_u32 probe, vg_u32 a, vg_u32 b, vg_u32 *answer)
{
#if VG_M68020
    vg_u32 results[2];
#endif
    int i;
    for (i = 0; i < VG_QUIRK_WORDS; i++) {
        answer[i] = 0;
    }
    switch (probe) {
#if VG_M68020
    case 200: answer[0] = vg_divu_overflow(a, b); return 1;
    case 201: answer[0] = vg_divs_overflow(a, b); return 1;
    case 202: answer[0] = vg_chk_inside(a, b); return 1;
    case 203: answer[0] = vg_two_runs(vg_abcd, VG_CCR, a & 0xff, b & 0xff, results); break;
    case 204: answer[0] = vg_two_runs(vg_sbcd, VG_CCR, a & 0xff, b & 0xff, results); break;
    case 205: answer[0] = vg_two_runs(vg_nbcd, VG_CCR, 0, b & 0xff, results); break;
    case 206: answer[0] = vg_movem_self(); return 1;
#endif
#if VG_M68881
    default: return vg_fpu_quirk(probe, a, b, answer);
#else
    default: (void)a, (void)b; return 0;
#endif
    }
#if VG_M68020
    answer[1] = (results[0] & 0xff) | (results[1] & 0xff) << 16;
    return 1;
#endif
}
