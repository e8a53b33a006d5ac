/* G.711 µ-law ⇄ 16-bit PCM, by spandsp. µ-law → PCM → µ-law is the identity on all 256 codes: negative
   zero (0x7f), which spandsp decodes to 0 and would encode as 0xff, is decoded to −1.
   (spandsp itself exports g711_decode and g711_encode.) */
#pragma once

#include <stddef.h>
#include <stdint.h>

void g711_to_pcm(int16_t *pcm, const uint8_t *ulaw, size_t count);
void g711_to_ulaw(uint8_t *ulaw, const int16_t *pcm, size_t count);
