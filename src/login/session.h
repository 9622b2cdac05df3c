/*
 * Sessions and login tokens.
 */
#ifndef ARSIGNUP_SESSION_H
#define ARSIGNUP_SESSION_H

#include "account/user.h"
#include "base/event.h"
#include "base/purge.h"
#include "base/secret.h"
#include "realm/realm.h"

typedef struct Session
{
	pg_uuid_t	id;
	bool		is_managed;
	int			token_generation;	/* of the user, as of its beginning */
	TimestampTz created_at;
	TimestampTz expires_at;
} Session;

extern void session_start(const Realm *realm, const User *user, const EventSource *source,
						  TimestampTz now, Session *session);
extern char *session_token(SecretScope *scope, const Realm *realm, const User *user, const Session *session);
extern char *session_token_again(SecretScope *scope, const Realm *realm, const User *user, const Session *session);
extern char *url_with_token(const char *handler, const char *token, bool is_signup);
extern bool session_end(const pg_uuid_t *realm_id, const pg_uuid_t *session_id, TimestampTz now);
extern uint64 sessions_end(const pg_uuid_t *realm_id, const pg_uuid_t *user_id, TimestampTz now);
extern uint64 sessions_end_realm(const pg_uuid_t *realm_id, TimestampTz now);
extern char *session_remember(const pg_uuid_t *realm_id, const pg_uuid_t *session_id, TimestampTz now);
extern void session_replace(const pg_uuid_t *realm_id, const pg_uuid_t *session_id, Span former, TimestampTz now);
extern bool session_end_remembered(const pg_uuid_t *realm_id, Span secret, TimestampTz now);
extern bool session_recall(const Realm *realm, Span secret, TimestampTz now, Session *session, User *user);
extern Jsonb *login_token_verify(Span token, const pg_uuid_t *expected_realm_id, MemoryContext memory);
extern uint64 sessions_forget(const pg_uuid_t *realm_id, const pg_uuid_t *user_id);
extern Purge expired_sessions;
extern Purge ended_sessions;

#endif							/* ARSIGNUP_SESSION_H */
