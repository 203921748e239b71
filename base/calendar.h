/* The Gregorian calendar, also before it was introduced. Pure functions. */
#ifndef FRESHET_BASE_CALENDAR_H
#define FRESHET_BASE_CALENDAR_H

#include "base/base.h"

/* Returns the days from 1970-01-01 to a date, whose month is 1 to 12. */
int64_t calendar_days(int64_t year, int month, int day);
/* Returns how many days a month (1 to 12) has. */
int calendar_month_days(int64_t year, int month);

#endif
