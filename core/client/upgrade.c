#include "client/upgrade.h"

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

void upgrade_destroy(struct upgrade *upgrade)
{
    if (upgrade == NULL)
        return;
    tls_free(upgrade->tls);
    if (upgrade->socket >= 0)
        close(upgrade->socket);
    free(upgrade->early);
    request_destroy(upgrade->request);
    free(upgrade);
}
