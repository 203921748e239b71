/* Geohash: a place as a text, of which a beginning is a larger field around it (G. Niemeyer, 2008,
 * geohash.org). Pure functions. */
#ifndef FRESHET_SYNTAX_GEOHASH_H
#define FRESHET_SYNTAX_GEOHASH_H

#include "base/slice.h"

enum { GEOHASH_BYTES = 5 }; /* a field of at most 4.9 km by 4.9 */

/* Writes the geohash of a place in degrees. False: there is no such place. */
bool geohash_write(double latitude, double longitude, char ret_text[static GEOHASH_BYTES]);

#endif
