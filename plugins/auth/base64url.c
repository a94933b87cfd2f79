#include "base64url.h"

static int value_of(enum base64_alphabet alphabet, char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == (alphabet == BASE64_URL ? '-' : '+'))
        return 62;
    return c == (alphabet == BASE64_URL ? '_' : '/') ? 63 : -1;
}

bool base64_decode(enum base64_alphabet alphabet, const char *text, size_t len, uint8_t *out,
                   size_t size, size_t *out_len)
{
    uint32_t bits = 0;
    unsigned held = 0;
    *out_len = 0;
    if (alphabet == BASE64_STANDARD)
        for (int i = 0;
             i < 2 && len > 0 && len % 4 == (unsigned)((4 - i) % 4) && text[len - 1] == '='; i++)
            len--;
    if (len % 4 == 1)
        return false;
    for (size_t i = 0; i < len; i++) {
        int value = value_of(alphabet, text[i]);
        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        held += 6;
        if (held < 8)
            continue;
        held -= 8;
        if (*out_len == size)
            return false;
        out[(*out_len)++] = (uint8_t)(bits >> held);
        bits &= (1u << held) - 1;
    }
    return bits == 0;
}
