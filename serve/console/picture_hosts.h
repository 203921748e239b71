/* Picture hosts: from where the console may load pictures of items, and the policy that lets a
 * browser load them from nowhere else. The hosts of pictures learn who looks at the console, but
 * not at which page: no address is sent along.
 */
#ifndef FRESHET_SERVE_CONSOLE_PICTURE_HOSTS_H
#define FRESHET_SERVE_CONSOLE_PICTURE_HOSTS_H

#include "base/slice.h"

enum { PICTURE_HOSTS_MAX = 16 };

struct picture_hosts;

/* Makes it from a text like `https://img.shop.example https://cdn.example:8443`; empty: no
 * pictures. NULL with the reason in ret_fault, which the caller frees: it is none. */
struct picture_hosts *picture_hosts_new(const char *text, char **ret_fault);
/* Takes NULL; returns NULL. */
struct picture_hosts *picture_hosts_free(struct picture_hosts *hosts);
/* Says whether there are any. */
bool picture_hosts_some(const struct picture_hosts *hosts);
/* Says whether an address is one of a picture that may be loaded. */
bool picture_hosts_allow(const struct picture_hosts *hosts, struct slice address);
/* Returns the Content-Security-Policy of all pages. */
const char *picture_hosts_policy(const struct picture_hosts *hosts);

#endif
