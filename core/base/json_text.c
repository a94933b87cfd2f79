#include "base/json_text.h"

#include "base/utf8.h"

#include <stddef.h>
#include <string.h>

/* The character that stands for bytes that are none. */
#define REPLACEMENT "\\ufffd"

/* How many bytes the text's first character has; 0: it is not UTF-8. */
static size_t first_character(const char *text)
{
    return utf8_character(text, strnlen(text, UTF8_CHARACTER_MAX));
}

/* How many bytes from here on are printed as they are. */
static size_t plain_length(const char *text)
{
    const char *end = text;
    for (size_t len = 1; *end != '\0'; end += len) {
        if (*end >= ' ' && *end < 0x7f) { /* Most are. */
            len = 1;
            continue;
        }
        len = first_character(end);
        bool is_c0 = len == 1 && *end < ' ';
        if (len == 0 || (utf8_is_control(end, len) && !is_c0))
            break;
    }
    return (size_t)(end - text);
}

void json_text_print(FILE *to, const char *text)
{
    for (;;) {
        size_t plain = plain_length(text);
        if (plain > 0)
            fwrite(text, 1, plain, to);
        text += plain;
        if (*text == '\0')
            return;
        size_t len = first_character(text);
        if (len == 0)
            fputs(REPLACEMENT, to);
        else
            fprintf(to, "\\u%04x", (unsigned)(unsigned char)text[len - 1]);
        text += len > 0 ? len : 1;
    }
}
