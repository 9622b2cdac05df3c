// A signup by better-auth on the PostgreSQL that PGHOST and PGDATABASE name: node server.mjs PORT argon2|scrypt. It makes its tables.
// By argon2 a hash costs what arsignup's costs; scrypt is what better-auth does by itself.
import { webcrypto } from "node:crypto";
import { createServer } from "node:http";
import { hash, verify } from "@node-rs/argon2";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import pg from "pg";

globalThis.crypto ??= webcrypto; // Node 18 has it under this name only
const [port, way] = process.argv.slice(2);
const cost = { memoryCost: 19456, timeCost: 2, parallelism: 1 };
const argon2 = {
	hash: (password) => hash(password, cost),
	verify: ({ hash, password }) => verify(hash, password),
};

const auth = betterAuth({
	baseURL: `http://127.0.0.1:${port}`,
	secret: "a secret that is for nobody but a benchmark",
	database: new pg.Pool(),
	emailAndPassword: { enabled: true, ...(way === "argon2" && { password: argon2 }) },
	rateLimit: { enabled: false }, // all people come from one address
});
await (await getMigrations(auth.options)).runMigrations();
createServer(toNodeHandler(auth)).listen(port, "127.0.0.1");
