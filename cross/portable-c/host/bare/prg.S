/*
 * A program of TOS that is a machine's own program: takes the processor's privileges, lays the image where it
 * belongs, and leaves TOS behind. The last WORDS bytes of the file are what is said to it, ended by 0.
 *
 * Reference: Atari GEMDOS Reference Manual, "Program file format" and function 20 (Super).
 */
#define WORDS 512

	.short	0x601a
	.long	end - text, 0, 0, 0, 0, 0
	.short	1
text:	clr.l	-(%sp)
	move.w	#0x20, -(%sp)
	trap	#1
	move.w	#0x2700, %sr
	lea	image(%pc), %a0
	lea	START, %a1
	move.l	#(said - image + 3) / 4, %d0
1:	move.l	(%a0)+, (%a1)+
	subq.l	#1, %d0
	bne.s	1b
	move.l	%a0, %d7
	jmp	START + 2
	.balign	4
image:	.incbin	IMAGE
	.balign	4
said:	.space	WORDS
end:
