/* Weights form: the weights that are tried on the page `try`, as they stand in the address, and the
 * form that asks for others. A weight that is not asked for, or is no number from 0 to WEIGHT_MOST,
 * is the one by which lists are made; so is one that the form shows like it.
 */
#ifndef FRESHET_SERVE_CONSOLE_WEIGHTS_FORM_H
#define FRESHET_SERVE_CONSOLE_WEIGHTS_FORM_H

#include "serve/console/page.h"

#define WEIGHT_MOST 100.0

struct weights_form {
    struct list_weights usual;
    struct tried_weights tried;
    bool changed; /* some are others than the usual ones */
};

/* Reads the weights for a session of so many actions. */
void weights_form_read(const struct page *page, int64_t actions, struct weights_form *ret_form);
/* Appends those that were changed as hidden fields of another form. */
void weights_form_keep(const struct page *page, const struct weights_form *form);
/* Appends the fields and the button. */
void weights_form_put(const struct page *page, const struct weights_form *form);

#endif
