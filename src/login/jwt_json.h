/*
 * The JSON of login tokens: header and claims. Pure C.
 */
#ifndef ARSIGNUP_JWT_JSON_H
#define ARSIGNUP_JWT_JSON_H

#include "login/jwt.h"

extern bool jwt_read_header(Span json, Jwt *jwt);
extern bool jwt_read_claims(Span json, JwtClaims *claims);
extern bool jwt_can_carry(Span member);

/* The two ways of reading: as it is written plainly, and as it is read by jansson. */
extern bool jwt_read_header_plainly(Span json, Jwt *jwt);
extern bool jwt_read_header_by_jansson(Span json, Jwt *jwt);
extern bool jwt_read_claims_plainly(Span json, JwtClaims *claims);
extern bool jwt_read_claims_by_jansson(Span json, JwtClaims *claims);

#endif							/* ARSIGNUP_JWT_JSON_H */
