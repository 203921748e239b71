/* Connection list: the connections of an HTTP server, and which of them is closed for a new one.
 *
 * A new connection is always taken; beyond a limit the oldest of the address that has most is shut
 * down. A descriptor that has been given to somebody else is never shut down, because a connection
 * leaves the list before its socket is closed. Any thread.
 */
#ifndef FRESHET_STREAM_HTTP_CONNECTION_LIST_H
#define FRESHET_STREAM_HTTP_CONNECTION_LIST_H

#include "base/base.h"

struct connection_list;
struct sockaddr;

/* Makes an empty list for so many connections; that is their limit at first. */
struct connection_list *connection_list_new(size_t most);
/* Frees it; takes NULL; returns NULL. */
struct connection_list *connection_list_free(struct connection_list *list);
/* Returns how many sockets may be open: the connections, and some that are being closed. */
size_t connection_list_capacity(const struct connection_list *list);
/* Adds a connection, named by its id, and closes others for it where a limit asks for that.
 * `from`: its address; NULL: not known. */
void connection_list_begin(struct connection_list *list, const void *id, int fd,
                           const struct sockaddr *from);
/* Removes a connection whose socket is about to be closed; one that is not there is ignored. */
void connection_list_end(struct connection_list *list, const void *id);
/* Sets limits and closes what is beyond them: connections in all, at most as many as the list was
 * made for; of one address; and how long one lives (0: no limit). */
void connection_list_limit(struct connection_list *list, size_t most, size_t each,
                           int64_t life_ms);
/* Closes connections that are too old. */
void connection_list_check(struct connection_list *list);

#endif
