/* TLS in the waiting room, in turns: see turns.h. */
#include "front/waiting_room_internal.h"

#include "base/clock.h"

#define TURNS_TIME (2 * NS_PER_MS) /* how long handshakes go on before others are looked after */

/* Bytes that each listener may use whatever the others use: handshakes that fill the memory of all
 * on one of them do not close the others. */
#define BYTES_EACH (8 * GUEST_HANDSHAKE_BYTES)

static bool has_room_for_handshake(const struct waiting_room *room)
{
    struct handshakes *handshakes = room->limits.handshakes;
    return handshakes == NULL || room->charged + GUEST_HANDSHAKE_BYTES <= BYTES_EACH ||
           handshakes_have_room(handshakes, GUEST_HANDSHAKE_BYTES);
}

/* Makes room for one more handshake: whoever holds most gives way. Returns whether there is any. */
static bool make_room_for_handshake(struct waiting_room *room)
{
    while (!has_room_for_handshake(room)) {
        struct guest *heaviest = guests_heaviest(&room->guests);
        if (heaviest == NULL)
            return false;
        room_drop(room, heaviest, WAITING_MEMORY);
    }
    return true;
}

int64_t room_handshake_interval(const struct waiting_room *room)
{
    return room->limits.handshakes != NULL ? handshakes_interval(room->limits.handshakes) : 0;
}

static void note_begun(struct waiting_room *room, const struct guest *guest, int64_t now)
{
    struct handshakes *handshakes = room->limits.handshakes;
    bool is_last = turns_charge(&room->turns, guest, now, room_handshake_interval(room));
    if (handshakes == NULL)
        return;
    atomic_fetch_add_explicit(&handshakes->begun, 1, memory_order_relaxed);
    if (is_last)
        atomic_fetch_add_explicit(&handshakes->delayed, 1, memory_order_relaxed);
}

static void have_turn(struct waiting_room *room, struct guest *guest, int64_t now)
{
    bool is_new = guest->tls.ssl == NULL;
    if (is_new && !make_room_for_handshake(room)) {
        room_drop(room, guest, WAITING_MEMORY);
        return;
    }
    enum guest_state state = guest_examine(guest, room->scratch, room->limits.max_head);
    if (is_new && guest->tls.ssl != NULL)
        note_begun(room, guest, now);
    room_charge(room, guest, guest_tls_bytes(guest));
    room_settle(room, guest, state);
}

/* For a time only: newcomers have to be accepted, or their backlog runs over. */
void room_have_turns(struct waiting_room *room)
{
    struct guest *guest;
    int64_t now = clock_monotonic();
    int64_t until = now + TURNS_TIME;
    while (now < until &&
           (guest = turns_take(&room->turns, now, room_handshake_interval(room))) != NULL) {
        have_turn(room, guest, now);
        now = clock_monotonic();
    }
}
