/*
 * A memory account: how many bytes are held for one purpose, and how many may be.
 *
 * Any thread may call each function. The numbers are exact as sums but order nothing between
 * threads: whoever asks whether the account is full may be a moment early or late.
 */
#ifndef SLUICE_BASE_MEMORY_ACCOUNT_H
#define SLUICE_BASE_MEMORY_ACCOUNT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* Zeroed, an account holds nothing and allows nothing. */
struct memory_account {
    _Atomic size_t bytes;
    _Atomic size_t limit;
};

/* Takes note that `bytes` more are held. */
static inline void memory_account_add(struct memory_account *account, size_t bytes)
{
    atomic_fetch_add_explicit(&account->bytes, bytes, memory_order_relaxed);
}

/* Takes note that `bytes` have been freed; they were added before. */
static inline void memory_account_sub(struct memory_account *account, size_t bytes)
{
    atomic_fetch_sub_explicit(&account->bytes, bytes, memory_order_relaxed);
}

/* The bytes held now. */
static inline size_t memory_account_bytes(const struct memory_account *account)
{
    return atomic_load_explicit(&account->bytes, memory_order_relaxed);
}

/* The bytes that may be held. */
static inline size_t memory_account_limit(const struct memory_account *account)
{
    return atomic_load_explicit(&account->limit, memory_order_relaxed);
}

/* Sets the bytes that may be held; what is held already stays. */
static inline void memory_account_set_limit(struct memory_account *account, size_t limit)
{
    atomic_store_explicit(&account->limit, limit, memory_order_relaxed);
}

/* Whether more is held than may be. */
static inline bool memory_account_is_full(const struct memory_account *account)
{
    return memory_account_bytes(account) > memory_account_limit(account);
}

#endif
