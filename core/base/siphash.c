#include "base/siphash.h"

#include <endian.h>
#include <string.h>
#include <sys/random.h>

struct sip_state {
    uint64_t a, b, c, d;
};

int siphash_key_init(struct siphash_key *key)
{
    return getrandom(key->words, sizeof key->words, 0) == sizeof key->words ? OK : ERR_SYSTEM;
}

static inline uint64_t rotate_left(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

static inline void sip_round(struct sip_state *state)
{
    state->a += state->b;
    state->c += state->d;
    state->b = rotate_left(state->b, 13) ^ state->a;
    state->d = rotate_left(state->d, 16) ^ state->c;
    state->a = rotate_left(state->a, 32);
    state->c += state->b;
    state->a += state->d;
    state->b = rotate_left(state->b, 17) ^ state->c;
    state->d = rotate_left(state->d, 21) ^ state->a;
    state->c = rotate_left(state->c, 32);
}

static inline void absorb(struct sip_state *state, uint64_t word)
{
    state->d ^= word;
    sip_round(state);
    state->a ^= word;
}

/* Up to eight bytes as a word in little-endian order. */
static inline uint64_t word_of(const uint8_t *bytes, size_t len)
{
    uint64_t word = 0;
    memcpy(&word, bytes, len);
    return le64toh(word);
}

uint64_t siphash_1_3(const struct siphash_key *key, const void *data, size_t len)
{
    const uint8_t *bytes = data;
    size_t whole = len & ~(size_t)7;
    struct sip_state state = {
        .a = key->words[0] ^ UINT64_C(0x736f6d6570736575), /* "somepseudorandomlygeneratedbytes" */
        .b = key->words[1] ^ UINT64_C(0x646f72616e646f6d),
        .c = key->words[0] ^ UINT64_C(0x6c7967656e657261),
        .d = key->words[1] ^ UINT64_C(0x7465646279746573),
    };
    for (size_t at = 0; at < whole; at += 8)
        absorb(&state, word_of(bytes + at, 8));
    uint64_t rest = len > whole ? word_of(bytes + whole, len - whole) : 0;
    absorb(&state, (uint64_t)len << 56 | rest);
    state.c ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(&state);
    return state.a ^ state.b ^ state.c ^ state.d;
}
