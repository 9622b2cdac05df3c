/*
 * New ids: UUIDs of version 7 (RFC 9562, section 5.7).
 */
#include "base/id.h"

#include <sodium.h>

#include "base/shared.h"
#include "utils/timestamp.h"

/* Return a time as ids have it: microseconds since 1970. */
static uint64
unix_time(TimestampTz time)
{
	return (uint64) time + (uint64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY;
}

/* Write the milliseconds of an id, which come first. */
static void
write_milliseconds(pg_uuid_t *id, uint64 milliseconds)
{
	for (int i = 0; i < 6; i++)
		id->data[i] = milliseconds >> (8 * (5 - i));
}

/*
 * Make an id: 48 bits of milliseconds, 12 bits of their fraction (method 3 of
 * section 6.2), 62 random bits. Ids sort as they were made, since events are
 * handed out in their order; so if the clock was set back, their time goes on
 * from where it was.
 */
pg_uuid_t
id_make(TimestampTz now)
{
	uint64		microseconds = shared_id_time(unix_time(now));
	uint64		milliseconds = microseconds / 1000;
	uint32		fraction = (microseconds % 1000) * 4096 / 1000;
	pg_uuid_t	id;

	write_milliseconds(&id, milliseconds);
	id.data[6] = 0x70 | fraction >> 8;
	id.data[7] = fraction;
	randombytes_buf(id.data + 8, 8);
	id.data[8] = 0x80 | (id.data[8] & 0x3f);
	return id;
}

/* Return an id that sorts before all that were made at a time or later: the time of an id is never before the one it was made at. */
pg_uuid_t
id_before(TimestampTz time)
{
	pg_uuid_t	id = {{0}};

	write_milliseconds(&id, unix_time(time) / 1000);
	return id;
}
