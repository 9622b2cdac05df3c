/*
 * Text forms of ids. Pure C: no postgres.h.
 */
#ifndef ARSIGNUP_ENCODE_H
#define ARSIGNUP_ENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UUID_SIZE 16
#define BASE62_UUID_LENGTH 22	/* 62^22 is the first power of 62 above 2^128 */
#define ID_PREFIX_MAX 8

extern void base62_encode_uuid(const uint8_t uuid[UUID_SIZE], char out[BASE62_UUID_LENGTH]);
extern bool base62_decode_uuid(const char in[BASE62_UUID_LENGTH], uint8_t uuid[UUID_SIZE]);
extern bool is_id_prefix(const char *prefix, size_t length);
extern bool id_parse(const char *id, size_t length, uint8_t uuid[UUID_SIZE]);

#endif							/* ARSIGNUP_ENCODE_H */
