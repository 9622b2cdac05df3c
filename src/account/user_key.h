/*
 * Keys by which programs prove who they are.
 */
#ifndef ARSIGNUP_USER_KEY_H
#define ARSIGNUP_USER_KEY_H

#include "arsignup.h"
#include "base/key.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

extern void user_key_insert(const pg_uuid_t *realm_id, const pg_uuid_t *user_id, TimestampTz now,
							char out[KEY_LENGTH + 1]);
extern bool user_key_find(const pg_uuid_t *realm_id, Span key, pg_uuid_t *user_id);
extern bool user_key_delete(const pg_uuid_t *realm_id, const pg_uuid_t *id);

#endif							/* ARSIGNUP_USER_KEY_H */
