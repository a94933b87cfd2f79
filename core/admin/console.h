/*
 * The console: a page for browsers that shows and steers the server through the admin API, with its
 * style and its script. They are the same for everybody and need no token; what the page asks for
 * does.
 *
 * On the CivetWeb worker that runs the request's callback. Each function returns the HTTP status;
 * with `admin.console: false` there are no such paths.
 */
#ifndef SLUICE_ADMIN_CONSOLE_H
#define SLUICE_ADMIN_CONSOLE_H

struct admin;
struct mg_connection;

int console_page(struct admin *admin, struct mg_connection *conn);
int console_style(struct admin *admin, struct mg_connection *conn);
int console_script(struct admin *admin, struct mg_connection *conn);

#endif
