/*
 * What may follow a backslash (22.2.1, AtomEscape and ClassEscape), but for references to groups.
 */
#include "ecma.h"

#include <string.h>

#define CHARACTER_MAX 0x10ffffu

/* What ECMA-262 calls white space, and everything else, both for the inside of a class: \s of PCRE2
 * is ASCII. */
#define SPACES "\\s\\p{Zs}\\x{feff}\\x{2028}\\x{2029}"
#define OTHERS                                                                                     \
    "\\x{0}-\\x{8}\\x{e}-\\x{1f}\\x{21}-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}"               \
    "\\x{200b}-\\x{2027}\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}"                 \
    "\\x{3001}-\\x{fefe}\\x{ff00}-\\x{10ffff}"

bool ecma_take_set(struct ecma *ecma, bool in_class)
{
    char c = ecma->at < ecma->end ? *ecma->at : '\0';
    const char plain[] = {'\\', c, '\0'};
    if (c == '\0' || strchr("dDwWsSpP", c) == NULL)
        return false;
    ecma->at++;
    if (c == 'p' || c == 'P')
        ecma_take_property(ecma, c == 'P');
    else if (c != 's' && c != 'S')
        ecma_put(ecma, plain);
    else if (in_class)
        ecma_put(ecma, c == 's' ? SPACES : OTHERS);
    else
        ecma_put(ecma, c == 's' ? "[" SPACES "]" : "[^" SPACES "]");
    return true;
}

/* -- single characters -- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Reads `count` digits. Returns false, and reads nothing, if they are not there. */
static bool take_hex(struct ecma *ecma, int count, uint32_t *value)
{
    uint32_t read = 0;
    if (ecma->end - ecma->at < count)
        return false;
    for (int i = 0; i < count; i++) {
        int digit = hex_digit(ecma->at[i]);
        if (digit < 0)
            return false;
        read = read * 16 + (uint32_t)digit;
    }
    ecma->at += count;
    *value = read;
    return true;
}

/* The second half of a pair, if the first has been read and it follows. */
static uint32_t take_trail(struct ecma *ecma, uint32_t lead)
{
    uint32_t trail;
    const char *before = ecma->at;
    if (lead < 0xd800 || lead > 0xdbff || ecma->end - ecma->at < 6 || ecma->at[0] != '\\' ||
        ecma->at[1] != 'u')
        return lead;
    ecma->at += 2;
    if (take_hex(ecma, 4, &trail) && trail >= 0xdc00 && trail <= 0xdfff)
        return 0x10000 + ((lead - 0xd800) << 10) + (trail - 0xdc00);
    ecma->at = before;
    return lead;
}

/* Behind "u". */
static uint32_t take_unicode(struct ecma *ecma)
{
    uint32_t value = 0;
    if (take_hex(ecma, 4, &value))
        return take_trail(ecma, value);
    bool is_complete = ecma_take(ecma, '{') && ecma->at < ecma->end && *ecma->at != '}';
    while (is_complete && !ecma_take(ecma, '}')) {
        int digit = ecma->at < ecma->end ? hex_digit(*ecma->at++) : -1;
        value = value * 16 + (uint32_t)(digit < 0 ? 0 : digit);
        is_complete = digit >= 0 && value <= CHARACTER_MAX;
    }
    if (!is_complete)
        ecma->fault = "\\u has neither four hexadecimal digits nor a character in braces behind it";
    return value;
}

/* Behind "c". */
static uint32_t take_control(struct ecma *ecma)
{
    char c = ecma->at < ecma->end ? *ecma->at : '\0';
    if ((c < 'a' || c > 'z') && (c < 'A' || c > 'Z')) {
        ecma->fault = "\\c has no letter behind it";
        return 0;
    }
    ecma->at++;
    return (uint32_t)c % 32;
}

static uint32_t take_byte(struct ecma *ecma)
{
    uint32_t value = 0;
    if (!take_hex(ecma, 2, &value))
        ecma->fault = "\\x has no two hexadecimal digits behind it";
    return value;
}

/* What stands for itself behind a backslash. */
static uint32_t take_identity_escape(struct ecma *ecma, char c, bool in_class)
{
    if (c == '\0' || strchr("^$\\.*+?()[]{}|/", c) == NULL) {
        if (c != '-' || !in_class)
            ecma->fault = "there is an escape that ECMA-262 with the u flag does not know";
    }
    return (uint32_t)(unsigned char)c;
}

uint32_t ecma_take_escape(struct ecma *ecma, bool in_class)
{
    if (ecma->at == ecma->end) {
        ecma->fault = "there is nothing behind the last backslash";
        return 0;
    }
    char c = *ecma->at++;
    switch (c) {
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'v':
        return '\v';
    case 'b': /* elsewhere it is no character, and not read here */
        return in_class ? '\b' : take_identity_escape(ecma, c, in_class);
    case 'c':
        return take_control(ecma);
    case 'x':
        return take_byte(ecma);
    case 'u':
        return take_unicode(ecma);
    case '0':
        if (ecma->at < ecma->end && *ecma->at >= '0' && *ecma->at <= '9')
            ecma->fault = "there is an octal escape, which ECMA-262 with the u flag does not know";
        return 0;
    default:
        return take_identity_escape(ecma, c, in_class);
    }
}
