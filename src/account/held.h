/*
 * Users to be, whose names are held.
 */
#ifndef ARSIGNUP_HELD_H
#define ARSIGNUP_HELD_H

#include "account/user.h"
#include "base/purge.h"

extern TimestampTz held_reserve(const Realm *realm, const User *user, TimestampTz until, TimestampTz now);
extern bool held_begin(Parameters *parameters, const Realm *realm, const User *user);
extern bool held_give_way(const pg_uuid_t *realm_id, const User *user);
extern void held_release(const pg_uuid_t *realm_id, const pg_uuid_t *user_id);
extern bool held_find_to_delete(const pg_uuid_t *realm_id, const pg_uuid_t *user_id);
extern uint64 held_delete_places(const Caller *caller, Parameters *places, TimestampTz now);
extern void held_strip_places(Parameters *places);
extern void held_release_all(const pg_uuid_t *realm_id, ArrayType *user_ids);

#endif							/* ARSIGNUP_HELD_H */
