/* Our own copies of recordings, below MOONLINE_DATA/recordings. */
#pragma once

#include <stdbool.h>

#include "base/slice.h"

/* True: it was here, and is gone. `path` is the row's, below that folder; one that leads out of it is left alone. */
bool kept_sound_remove(const char *data, struct slice path);
