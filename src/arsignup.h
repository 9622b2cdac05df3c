/*
 * What all capabilities share: SQLSTATEs, limits, settings.
 */
#ifndef ARSIGNUP_H
#define ARSIGNUP_H

#include "postgres.h"

#include "compat.h"

/* Outcomes that a caller branches on; ../README.md lists them. */
#define ERRCODE_ARSIGNUP_INVALID		MAKE_SQLSTATE('S','U','0','0','1')
#define ERRCODE_ARSIGNUP_TAKEN			MAKE_SQLSTATE('S','U','0','0','2')
#define ERRCODE_ARSIGNUP_NO_TOKEN		MAKE_SQLSTATE('S','U','0','0','3')
#define ERRCODE_ARSIGNUP_EXPIRED		MAKE_SQLSTATE('S','U','0','0','4')
#define ERRCODE_ARSIGNUP_REDEEMED		MAKE_SQLSTATE('S','U','0','0','5')
#define ERRCODE_ARSIGNUP_SWITCHED_OFF	MAKE_SQLSTATE('S','U','0','0','6')
#define ERRCODE_ARSIGNUP_BUSY			MAKE_SQLSTATE('S','U','0','0','7')
#define ERRCODE_ARSIGNUP_THROTTLED		MAKE_SQLSTATE('S','U','0','0','8')
#define ERRCODE_ARSIGNUP_REVOKED		MAKE_SQLSTATE('S','U','0','0','9')
#define ERRCODE_ARSIGNUP_NOT_FOUND		MAKE_SQLSTATE('S','U','0','1','0')
#define ERRCODE_ARSIGNUP_KEY			MAKE_SQLSTATE('S','U','0','1','1')
#define ERRCODE_ARSIGNUP_UNDER_WAY		MAKE_SQLSTATE('S','U','0','1','2')

/* Longest name, organisation name or reference, in characters. */
#define MAX_NAME_LENGTH 255

/* Largest custom attributes, in bytes of their text form; a sentence names it. */
#define MAX_CUSTOM_SIZE 65536

/* Settings; arsignup.c says why each has its default. */
extern int	hash_slots_setting;
extern int	hash_queue_setting;
extern int	web_hash_queue_setting;
extern int	hash_wait_setting;
extern int	lock_timeout_setting;
extern int	argon2_memory_setting;
extern int	argon2_iterations_setting;
extern int	argon2_memory_max_setting;
extern int	argon2_iterations_max_setting;
extern int	bcrypt_cost_max_setting;
extern int	sha2_iterations_max_setting;
extern int	attempt_entries_setting;
extern int	attempt_window_setting;
extern int	max_login_failures_setting;
extern int	max_login_failures_per_name_setting;
extern int	max_login_failures_per_source_setting;
extern int	max_signups_per_source_setting;
extern int	max_mails_per_name_setting;
extern int	max_sessions_per_user_setting;
extern int	max_pending_tokens_per_source_setting;
extern char *key_file_setting;
extern char *key_command_setting;
extern int	reset_token_lifetime_setting;
extern int	verification_token_lifetime_setting;
extern int	max_login_token_size_setting;
extern bool allow_drop_setting;

#endif							/* ARSIGNUP_H */
