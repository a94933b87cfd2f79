#include "front/handshakes.h"

#include "base/clock.h"

void handshakes_configure(struct handshakes *handshakes, size_t bytes, uint32_t rate)
{
    atomic_store_explicit(&handshakes->bytes_limit, bytes, memory_order_relaxed);
    atomic_store_explicit(&handshakes->interval, rate == 0 ? 0 : NS_PER_S / rate,
                          memory_order_relaxed);
}

bool handshakes_have_room(struct handshakes *handshakes, size_t bytes)
{
    size_t held = atomic_load_explicit(&handshakes->bytes, memory_order_relaxed);
    return held + bytes <= atomic_load_explicit(&handshakes->bytes_limit, memory_order_relaxed);
}

void handshakes_charge(struct handshakes *handshakes, size_t *charged, size_t bytes)
{
    /* The difference may be negative: unsigned numbers come out right all the same. */
    atomic_fetch_add_explicit(&handshakes->bytes, bytes - *charged, memory_order_relaxed);
    *charged = bytes;
}

int64_t handshakes_interval(struct handshakes *handshakes)
{
    return atomic_load_explicit(&handshakes->interval, memory_order_relaxed);
}
