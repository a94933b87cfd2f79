#include "key.h"

#include <sluice/address.h>
#include <string.h>
#include <sys/random.h>

#define TEXT_MAX 255

enum kind { KIND_ADDRESS = 1, KIND_IDENTITY = 2, KIND_ATTRIBUTE = 3 };

int key_secret_init(struct key_secret *secret)
{
    /* The kernel gives up to 256 bytes in one piece. */
    ssize_t got = getrandom(secret->words, sizeof secret->words, 0);
    return got == (ssize_t)sizeof secret->words ? 0 : -1;
}

static uint64_t rotate_left(uint64_t word, int bits)
{
    return word << bits | word >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate_left(v[1], 13) ^ v[0];
    v[3] = rotate_left(v[3], 16) ^ v[2];
    v[0] = rotate_left(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate_left(v[1], 17) ^ v[2];
    v[3] = rotate_left(v[3], 21) ^ v[0];
    v[2] = rotate_left(v[2], 32);
}

/* Up to eight bytes as a little-endian word. */
static uint64_t read_word(const uint8_t *data, size_t len)
{
    uint64_t word = 0;
    for (size_t i = 0; i < len; i++)
        word |= (uint64_t)data[i] << (8 * i);
    return word;
}

static void absorb_word(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    sip_round(v);
    sip_round(v);
    v[0] ^= word;
}

uint64_t siphash(uint64_t first, uint64_t second, const uint8_t *data, size_t len)
{
    uint64_t v[4] = {first ^ 0x736f6d6570736575u, second ^ 0x646f72616e646f6du,
                     first ^ 0x6c7967656e657261u, second ^ 0x7465646279746573u};
    size_t whole = len - len % 8;
    for (size_t i = 0; i < whole; i += 8)
        absorb_word(v, read_word(data + i, 8));
    absorb_word(v, read_word(data + whole, len % 8) | (uint64_t)(len & 0xff) << 56);
    v[2] ^= 0xff;
    for (int i = 0; i < 4; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static struct key make_key(const struct key_secret *secret, const uint8_t *data, size_t len)
{
    return (struct key){
        .high = siphash(secret->words[0], secret->words[1], data, len),
        .low = siphash(secret->words[2], secret->words[3], data, len),
    };
}

struct key key_of_address(const struct key_secret *secret, const uint8_t address[16],
                          unsigned ipv4_bits, unsigned ipv6_bits)
{
    uint8_t input[17] = {KIND_ADDRESS};
    memcpy(input + 1, address, 16);
    sl_address_mask(input + 1, sl_address_is_ipv4(address) ? 96 + ipv4_bits : ipv6_bits);
    return make_key(secret, input, sizeof input);
}

static struct key key_of_text(const struct key_secret *secret, enum kind kind, const char *text,
                              size_t len)
{
    uint8_t input[1 + TEXT_MAX] = {(uint8_t)kind};
    if (len > TEXT_MAX)
        len = TEXT_MAX;
    memcpy(input + 1, text, len);
    return make_key(secret, input, 1 + len);
}

struct key key_of_identity(const struct key_secret *secret, const char *identity, size_t len)
{
    return key_of_text(secret, KIND_IDENTITY, identity, len);
}

struct key key_of_attribute(const struct key_secret *secret, const char *value, size_t len)
{
    return key_of_text(secret, KIND_ATTRIBUTE, value, len);
}
