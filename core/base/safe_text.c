#include "base/safe_text.h"

#include "base/utf8.h"

#include <stdbool.h>
#include <string.h>

/* What stands at the beginning of a text. */
struct piece {
    size_t len;    /* bytes; one at least */
    bool is_shown; /* as it is */
};

static struct piece next_piece(const char *text, size_t len)
{
    size_t character = utf8_character(text, len);
    return (struct piece){.len = character > 0 ? character : 1,
                          .is_shown = character > 0 && !utf8_is_control(text, character)};
}

void safe_text_print(FILE *to, const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        struct piece piece = next_piece(text, left);
        if (piece.is_shown)
            fwrite(text, 1, piece.len, to);
        else
            fputc('?', to);
        text += piece.len;
        left -= piece.len;
    }
}

/* Prints what stands for a character, if it is among `from`. */
static bool print_short_escape(FILE *to, char character, const char *from, const char *into)
{
    const char *found = character != '\0' ? strchr(from, character) : NULL;
    if (found != NULL)
        fprintf(to, "\\%c", into[found - from]);
    return found != NULL;
}

static void print_hexadecimal(FILE *to, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        fprintf(to, "\\x%02x", (unsigned char)text[i]);
}

static void print_piece(FILE *to, const char *text, const struct piece *piece)
{
    if (piece->is_shown)
        fwrite(text, 1, piece->len, to);
    else
        print_hexadecimal(to, text, piece->len);
}

void safe_text_print_quoted(FILE *to, const char *text)
{
    size_t left = strlen(text);
    fputc('"', to);
    while (left > 0) {
        struct piece piece = next_piece(text, left);
        if (!print_short_escape(to, *text, "\n\r\t\"\\", "nrt\"\\"))
            print_piece(to, text, &piece);
        text += piece.len;
        left -= piece.len;
    }
    fputc('"', to);
}

void safe_text_print_visible(FILE *to, const char *text, size_t len)
{
    while (len > 0) {
        struct piece piece = next_piece(text, len);
        piece.is_shown = piece.is_shown || *text == '\t';
        if (!print_short_escape(to, *text, "\n\r", "nr"))
            print_piece(to, text, &piece);
        text += piece.len;
        len -= piece.len;
    }
}

void safe_text_print_lines(FILE *to, const char *prefix, const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        fputs(prefix, to);
        safe_text_print_visible(to, text, len);
        fputc('\n', to);
        text += len + (text[len] == '\n');
    }
}
