/*
 * Signing keys: the keys of realms, as rows and as they are used.
 */
#ifndef ARSIGNUP_SIGNING_KEY_H
#define ARSIGNUP_SIGNING_KEY_H

#include "arsignup.h"
#include "base/realm_rows.h"
#include "datatype/timestamp.h"
#include "login/jwt.h"
#include "login/master_key.h"
#include "realm/realm.h"

/* A transaction that began before a rotation may go on signing with the retired key. */
#define SIGNING_KEY_GRACE (INT64CONST(3600) * USECS_PER_SEC)

/* A key in the memory of this backend. */
typedef struct SigningKey
{
	char		kid[JWT_KID_MAX + 1];
	bool		is_retired;
	TimestampTz retired_at;
	int			session_minutes;	/* of the longest session it has signed for */
	bool		is_authentic;	/* its public half is what was sealed */
	bool		can_sign;		/* its private half is open */
	JwtKey		jwt;
} SigningKey;

/* The keys of a database that are alive, and why this server cannot open them. */
typedef struct KeyCensus
{
	uint64		alive;
	uint64		elsewhere;		/* sealed under a master key that is not here */
	uint64		damaged;		/* not what was sealed */
	KeyTrouble	trouble;		/* none opens, if there is a problem */
} KeyCensus;

/* Called for what keeps keys from being opened, each a sentence. */
typedef void (*KeyFinding) (void *argument, const char *problem, const char *remedy);

extern const SigningKey *signing_key_ready(const Realm *realm, int64 session_length);
extern const SigningKey *signing_key_current(const Realm *realm, int64 session_length);
extern const SigningKey *signing_key_for_verifying(const pg_uuid_t *realm_id, const char *kid);
extern void signing_keys_need_master(void);
extern bool signing_keys_make_master(void);
extern const char *signing_key_rotate(const Realm *realm, bool gives_up_master_key);
extern uint64 signing_keys_reseal(void);
extern void signing_keys_census(KeyCensus *census);
extern int64 key_census_unopened(const KeyCensus *census);
extern void signing_keys_check(KeyFinding tell, void *argument);
extern char *signing_keys_jwks(const Realm *realm, TimestampTz now);
extern char *signing_key_reveal(const Realm *realm);
extern int64 signing_keys_count(const char *alg, int64 max_rows, TimestampTz *oldest);
extern RealmRows realm_signing_keys;

#endif							/* ARSIGNUP_SIGNING_KEY_H */
