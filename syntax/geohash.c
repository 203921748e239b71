#include "base/base.h"
#include "syntax/geohash.h"

enum { BITS_OF_LETTER = 5 };

/* Takes the half of a range in which the number is, and returns which one. */
static unsigned halve(double number, double *low, double *high)
{
    double middle = (*low + *high) / 2.0;
    bool upper = number >= middle;
    *(upper ? low : high) = middle;
    return upper;
}

bool geohash_write(double latitude, double longitude, char ret_text[static GEOHASH_BYTES])
{
    static const char letters[] = "0123456789bcdefghjkmnpqrstuvwxyz";
    double south = -90.0, north = 90.0, west = -180.0, east = 180.0;
    bool there = latitude >= south && latitude <= north && longitude >= west && longitude <= east;
    if (!there) { return false; }
    for (int k = 0, bit = 0; k < GEOHASH_BYTES; k++) {
        unsigned letter = 0;
        for (int b = 0; b < BITS_OF_LETTER; b++, bit++) {
            unsigned half = bit % 2 ? halve(latitude, &south, &north)
                                    : halve(longitude, &west, &east);
            letter = letter << 1 | half;
        }
        ret_text[k] = letters[letter];
    }
    return true;
}
