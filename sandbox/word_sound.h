/* Words as sounds of their own: each is so much noise, the same every time and like no other word's, so that a test that
   listens to a call knows which words were spoken, which twice and which in part. Pure.

   A word is letters, digits and apostrophes, in whatever case; bytes above 127 are letters. Its noise: FNV-1a (32 bit)
   over its bytes, then xorshift32; a step gives a µ-law code, its sign from bit 31, 0x20 to 0x3f from bits 8 to 12. */
#pragma once

#include "base/err.h"
#include "base/slice.h"
#include "voice.h"

/* As voice_speak. ERR_NOT_FOUND: there is no word in the text. */
must_use enum err word_sound_speak(struct voice_audio *out, struct slice text, unsigned word_ms);
