#include "client/handoff.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <unistd.h>

/* Says goodbye if that needs no waiting. The thread's error queue is emptied, because SSL_get_error
 * of the next connection would read what is left in it. */
static void tls_free(SSL *tls)
{
    if (tls == NULL)
        return;
    SSL_shutdown(tls);
    ERR_clear_error();
    SSL_free(tls);
}

void handoff_destroy(struct handoff *handoff)
{
    if (handoff == NULL)
        return;
    tls_free(handoff->tls);
    if (handoff->socket >= 0)
        close(handoff->socket);
    free(handoff->early);
    request_destroy(handoff->request);
    free(handoff);
}
