/*
 * New ids.
 */
#ifndef ARSIGNUP_ID_H
#define ARSIGNUP_ID_H

#include "arsignup.h"
#include "datatype/timestamp.h"
#include "utils/uuid.h"

extern pg_uuid_t id_make(TimestampTz now);
extern pg_uuid_t id_before(TimestampTz time);

#endif							/* ARSIGNUP_ID_H */
