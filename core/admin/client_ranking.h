/*
 * The clients of which something is largest: the longest queue, the greatest age. Each loop looks
 * at its clients in portions and answers with its first ones of each, which are merged, so that
 * neither time nor memory grows with the number of clients.
 *
 * On a CivetWeb worker, which waits for the loops.
 */
#ifndef SLUICE_ADMIN_CLIENT_RANKING_H
#define SLUICE_ADMIN_CLIENT_RANKING_H

#include "admin/client_info.h"
#include "base/error.h"

struct client_filter;
struct hub;

enum client_rank {
    CLIENT_RANK_QUEUE,    /* bytes that wait to be sent to it */
    CLIENT_RANK_AGE,      /* how long it has been here */
    CLIENT_RANK_BYTES,    /* received and sent, as the kernel counts */
    CLIENT_RANK_MESSAGES, /* received and sent */
    CLIENT_RANK_DROPS,    /* messages that it missed */
    CLIENT_RANK_SILENCE,  /* how long nothing was heard from it */
    CLIENT_RANK_COUNT
};

#define CLIENT_RANK_NAMES "queue, age, bytes, messages, drops or last-heard"

/* Reads one of those names. */
bool client_rank_read(const char *text, enum client_rank *out);

struct client_ranking {
    struct client_info *clients; /* owned; the largest first */
    size_t count;
};

/* Finds the first `limit` of those that the filter means; of equal ones in the order of the list.
 * client_ranking_free is due after an error too. Returns 0, ERR_LIMIT (a loop does not answer) or
 * ERR_NO_MEMORY. */
MUST_CHECK int client_ranking_find(struct hub *hub, const struct client_filter *filter,
                                   enum client_rank rank, size_t limit, struct client_ranking *out);

void client_ranking_free(struct client_ranking *ranking);

#endif
