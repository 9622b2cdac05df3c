/*
 * API keys, as those see them who are called with one.
 */
#ifndef ARSIGNUP_API_KEY_H
#define ARSIGNUP_API_KEY_H

#include "arsignup.h"
#include "base/text.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

/* What a key may do: bits. */
typedef enum KeyPermission
{
	KEY_READ = 1,
	KEY_WRITE = 2,
	KEY_ADMIN = 4
} KeyPermission;

typedef struct ApiKey
{
	pg_uuid_t	id;
	bool		has_realm;		/* else it opens all */
	pg_uuid_t	realm_id;
	int			permissions;	/* bits of KeyPermission */
	bool		is_noted;		/* has its last use been noted within the hour? */
} ApiKey;

extern bool api_key_find(Span text, ApiKey *key);
extern void api_key_note_use(const ApiKey *key, TimestampTz now);

#endif							/* ARSIGNUP_API_KEY_H */
