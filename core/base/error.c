#include "base/error.h"

const char *error_text(int code)
{
    switch (code) {
    case OK:
        return "success";
#define SLUICE_ERROR_TEXT(name, value, text)                                                       \
    case value:                                                                                    \
        return text;
        SLUICE_ERRORS(SLUICE_ERROR_TEXT)
#undef SLUICE_ERROR_TEXT
    default:
        return "unknown error";
    }
}
