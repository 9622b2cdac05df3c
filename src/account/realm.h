/*
 * Realms and connected apps, as signups and accounts see them.
 */
#ifndef ARSIGNUP_REALM_H
#define ARSIGNUP_REALM_H

#include "arsignup.h"
#include "datatype/timestamp.h"
#include "utils/array.h"
#include "utils/uuid.h"

typedef struct Realm
{
	pg_uuid_t	id;
	bool		active;
	bool		usernames_are_emails;
	bool		emails_are_unique;
	int			password_min_length;
} Realm;

/* An app with the rules that hold for it: its own, else its realm's. */
typedef struct App
{
	Realm		realm;
	pg_uuid_t	id;
	bool		active;
	bool		signups_enabled;
	bool		names_are_required;
	bool		password_is_asked_twice;
	ArrayType  *default_permissions;
	Interval	signup_token_ttl;
} App;

extern void realm_read(const pg_uuid_t *id, Realm *realm);
extern void realm_read_active(const pg_uuid_t *id, Realm *realm);
extern void app_read_active(const pg_uuid_t *id, App *app);

#endif							/* ARSIGNUP_REALM_H */
