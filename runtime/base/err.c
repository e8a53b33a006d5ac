#include "base/err.h"

const char *err_name(enum err err)
{
    switch (err) {
    case ERR_OK:
        return "ok";
    case ERR_NOMEM:
        return "no_memory";
    case ERR_FULL:
        return "full";
    case ERR_BAD:
        return "bad";
    case ERR_CLOSED:
        return "closed";
    case ERR_TIMEOUT:
        return "timeout";
    case ERR_UNREACHABLE:
        return "unreachable";
    case ERR_REFUSED:
        return "refused";
    case ERR_NOT_FOUND:
        return "not_found";
    case ERR_SYSTEM:
        return "system";
    }
    return "unknown";
}
