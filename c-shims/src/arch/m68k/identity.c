/*
 * Who the processor is, by behaviour: nothing that names a 680x0 may be read in user mode.
 *
 * The condition codes that the manual leaves undefined differ by generation. The rules are those of
 * WinUAE's newcpu_common.cpp and gencpu.cpp, which its author verified on all of these processors:
 * after a division that overflowed, N follows the dividend's sign on 68020 and 68030, and stays as it was, like
 * Z, on 68040 and 68060; after CHK in bounds C is cleared by the 68040 and kept by the
 * 68060. 68020 and 68030 leave the same flags. An FPU cannot be looked for without risking a trap
 * where there is none: what is known is whether this program needs one.
 *
 * Words:
 *  0  CCR after DIVU.W of 80000000 by 1, from flags clear, and in the high half from NZVC set
 *  1  the same after DIVS.W of 20004000 by 4000
 *  2  the same after CHK.W of 1 against 2
 *  3  the same after ABCD of 80 and 0; X clear in both runs
 *  4  68020, 68040 or 68060 (decimal) by the rules above, the first also for a 68030; 0 where they fit
 *     none of these
 *  5  1 where the program was compiled for an FPU; 2 where for a 68020 or later
 *  6  AT_HWCAP of Linux, where known
 */
#include "../common/auxv.c"

#if VG_M68020
/* V alone; Z and V; N, Z and V. */
#define VG_V 0x2u
#define VG_N 0x8u
#define VG_NZV 0xeu

/* The generation whose rules DIVU.W's and CHK.W's flags follow. */
static vg_u32 vg_generation(vg_u32 divu, vg_u32 chk)
{
    /* Dividends with the sign set. Which Z and C a 68020 leaves from set flags is not certain. */
    if ((divu & 0xffff) == (VG_N | VG_V) && (divu >> 16 & (VG_N | VG_V)) == (VG_N | VG_V)) {
        /* CHK clears everything and then sets Z for 0, N below it. */
        return chk == 0 ? 68020 : 0;
    }
    if (divu == (VG_V | VG_NZV << 16)) {
        switch (chk) {
        case 0x00060000ul: return 68040;
        case 0x00070000ul: return 68060;
        default: return 0;
        }
    }
    return 0;
}
#endif

void vg_identity(vg_u32 *words, unsigned char *name)
{
    vg_identity_begin(words, name);
#if VG_M68020
    {
        vg_u32 results[2];
        words[0] = vg_two_runs(vg_divu_w, VG_NZVC, 1, (vg_u32)1 << 31, results);
        words[1] = vg_two_runs(vg_divs_w, VG_NZVC, 0x4000, 0x20004000ul, results);
        words[2] = vg_two_runs(vg_chk_w, VG_NZVC, 2, 1, results);
        words[3] = vg_two_runs(vg_abcd, VG_NZVC, 0x80, 0, results);
        words[4] = vg_generation(words[0], words[2]);
        words[5] = 2;
    }
#endif
    words[5] |= VG_M68881;
    words[6] = (vg_u32)VG_AUXVAL(VG_AT_HWCAP);
}
