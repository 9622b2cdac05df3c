/*
 * Sources from which users have logged in of late.
 */
#ifndef ARSIGNUP_SOURCE_H
#define ARSIGNUP_SOURCE_H

#include "arsignup.h"
#include "base/purge.h"
#include "datatype/timestamp.h"
#include "utils/inet.h"
#include "utils/uuid.h"

extern bool source_is_known(const pg_uuid_t *realm_id, const pg_uuid_t *user_id, const inet *address,
							TimestampTz now);
extern void source_remember(const pg_uuid_t *realm_id, const pg_uuid_t *user_id, const inet *address,
							TimestampTz now);
extern uint64 sources_forget(const pg_uuid_t *realm_id, const pg_uuid_t *user_id);
extern Purge forgotten_sources;

#endif							/* ARSIGNUP_SOURCE_H */
