// A service with better-auth and sessions in SQLite, as in its documentation, without limits: all requests come from one address.
import { createServer } from "node:http";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import Database from "better-sqlite3";

const [host, port] = process.env.BIND.split(":");
const database = new Database(process.env.DATABASE_URL.replace("sqlite://", "").replace(/\?.*/, ""));
database.pragma("journal_mode = WAL");
const options = {
  database,
  baseURL: `http://${process.env.BIND}`,
  secret: "q8ZJ2mVx0Lr7TtYw5NfKc3HbPd6GsA1E",
  emailAndPassword: { enabled: true },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
};
await (await getMigrations(options)).runMigrations();
createServer(toNodeHandler(betterAuth(options))).listen(Number(port), host);
