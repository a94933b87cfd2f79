#include "base/json_text.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define DEL 0x7f
#define C1_LEAD 0xc2 /* the first byte of each; no other character has it in its middle */

/* Returns where the next DEL or C1 control is, or the text's end; `len` becomes how many bytes it
 * has, 0 at the end. */
static const char *next_control(const char *text, size_t *len)
{
    static const char suspects[] = {DEL, (char)C1_LEAD, '\0'};
    for (text += strcspn(text, suspects); *text != '\0'; text += 1 + strcspn(text + 1, suspects)) {
        unsigned char second = (unsigned char)text[1];
        bool is_c1 = second >= 0x80 && second < 0xa0;
        if (*text == DEL || is_c1) {
            *len = *text == DEL ? 1 : 2;
            return text;
        }
    }
    *len = 0;
    return text;
}

void json_text_print(FILE *to, const char *text)
{
    size_t len = 1;
    while (len > 0) {
        const char *control = next_control(text, &len);
        if (control != text)
            fwrite(text, 1, (size_t)(control - text), to);
        if (len > 0)
            fprintf(to, "\\u%04x", (unsigned)(unsigned char)control[len - 1]);
        text = control + len;
    }
}
