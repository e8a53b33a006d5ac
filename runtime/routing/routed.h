/* Providers that hold: each of these asks the providers of a route as if they were one. Settings' `route` says whom; it is copied. */
#pragma once

#include "routing/route.h"

extern const struct stt_ops routed_stt;
extern const struct llm_ops routed_llm;
extern const struct tts_ops routed_tts;
