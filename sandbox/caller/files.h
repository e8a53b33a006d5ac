/* Whole files, and folders with what is above them. errno says why something failed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/strbuf.h"

must_use enum err file_read(struct strbuf *out, const char *path, size_t max_bytes);
must_use enum err file_write(const char *path, struct slice first, struct slice second);
must_use enum err folder_make(const char *path); /* ERR_OK when it is there already */
