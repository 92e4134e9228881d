/*
 * Writing and running code.
 *
 * References: The SPARC Architecture Manual, Version 9, A.48 (SETHI), A.2 (ADD), A.32 (OR), A.24
 * (JMPL, of which RETL is one), A.20 (FLUSH: eight bytes; needed after code was stored, also where
 * the processor keeps its caches coherent, as the UltraSPARC does); System V ABI, SPARC supplement: argument
 * and result in %o0, %g1 is free in a leaf. A result of 32 bits is extended to 64, hence the SRL in
 * the slot after RETL.
 */
#define VG_SETHI_G1 0x03000000u
#define VG_OR_G1_IMMEDIATE 0x82106000u
#define VG_ADD_O0_G1 0x90020001u
#define VG_RETL 0x81c3e008u
#define VG_SRL_O0_0 0x91322000u

/* A constant's 22 high bits are SETHI's, the others the immediate's. */
#define VG_LOW_BITS 10
#define VG_LOW 0x3ffu

/* Bytes that one FLUSH covers. */
#define VG_FLUSH_BYTES 8

vg_u32 vg_fresh_encode(vg_u32 adds, vg_u32 constant, unsigned char *code, vg_u32 room)
{
    unsigned char *at = code;
    vg_u32 i;
    if (adds == 0 || adds > VG_MAX_FRESH_ADDS || room < 4 * (adds + 4)) {
        return 0;
    }
    at = vg_emit(at, VG_SETHI_G1 | constant >> VG_LOW_BITS);
    at = vg_emit(at, VG_OR_G1_IMMEDIATE | (constant & VG_LOW));
    for (i = 0; i < adds; i++) {
        at = vg_emit(at, VG_ADD_O0_G1);
    }
    at = vg_emit(at, VG_RETL);
    at = vg_emit(at, VG_SRL_O0_0);
    return (vg_u32)(at - code);
}

void vg_fresh_synchronise(const unsigned char *code, vg_u32 bytes)
{
    vg_u32 i;
    for (i = 0; i < bytes; i += VG_FLUSH_BYTES) {
        __asm__ __volatile__("flush %0" : : "r"(code + i) : "memory");
    }
}

#include "../common/call.c"
