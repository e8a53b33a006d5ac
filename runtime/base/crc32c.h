/* CRC-32C (Castagnoli), as in iSCSI and ext4. Pure. */
#pragma once

#include <stdint.h>

#include "base/slice.h"

/* `before`: the sum of what stands before these bytes; 0: nothing does. */
uint32_t crc32c(uint32_t before, struct slice bytes);
