/*
 * New ids: UUIDs of version 7 (RFC 9562, section 5.7).
 */
#include "base/id.h"

#include <sodium.h>

#include "base/shared.h"
#include "utils/timestamp.h"

/*
 * Make an id: 48 bits of milliseconds, 12 bits of their fraction (method 3 of
 * section 6.2), 62 random bits. Ids sort as they were made, since events are
 * handed out in their order; so if the clock was set back, their time goes on
 * from where it was.
 */
pg_uuid_t
id_make(TimestampTz now)
{
	uint64		microseconds = shared_id_time((uint64) now +
											  (uint64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY);
	uint64		milliseconds = microseconds / 1000;
	uint32		fraction = (microseconds % 1000) * 4096 / 1000;
	pg_uuid_t	id;

	for (int i = 0; i < 6; i++)
		id.data[i] = milliseconds >> (8 * (5 - i));
	id.data[6] = 0x70 | fraction >> 8;
	id.data[7] = fraction;
	randombytes_buf(id.data + 8, 8);
	id.data[8] = 0x80 | (id.data[8] & 0x3f);
	return id;
}
