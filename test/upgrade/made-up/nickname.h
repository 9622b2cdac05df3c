#ifndef ARSIGNUP_NICKNAME_H
#define ARSIGNUP_NICKNAME_H

#include "arsignup.h"
#include "utils/uuid.h"

extern void org_set_nickname(const pg_uuid_t *realm_id, const pg_uuid_t *org_id, const char *nickname);

#endif
